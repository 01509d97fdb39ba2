"""Wishes: what a job should make of a source."""

from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from schemas.frozen import Frozen, Ratio
from schemas.trim import Trim
from schemas.vocabulary import (
    AudioCodec,
    Deinterlace,
    DynamicRange,
    Encryption,
    LadderMode,
    OnDamage,
    Preset,
    VideoCodec,
)
from schemas.watermark import Watermark

#: Names under a media address that a rendition's playlist would hide.
_TAKEN = frozenset({"master", "audio"})
#: Renditions of further sound and of text are named so.
_TAKEN_STARTS = ("audio-", "text-")


class Rung(Frozen):
    """One step of a ladder as wished, before it is fitted to a source."""

    #: Names the rendition in URLs and on the screen, e.g. ``720p``.
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    #: The shorter side of the picture, so that portrait sources get the same quality.
    height_px: int = Field(ge=16, le=8192)
    #: Ceiling of the capped constant-quality encode.
    bitrate_bps: int = Field(ge=10_000, le=400_000_000)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in _TAKEN or name.startswith(_TAKEN_STARTS):
            raise ValueError(f"{name!r} names a playlist of its own")
        return name


class Loudness(Frozen):
    """How loud sound shall be, in the measures of EBU R128."""

    integrated_lufs: float = Field(default=-16.0, ge=-70, le=-5)
    true_peak_dbtp: float = Field(default=-1.5, ge=-9, le=0)


class AudioWish(Frozen):
    """How sound is encoded."""

    codec: AudioCodec = AudioCodec.AAC
    bitrate_bps: int = Field(default=128_000, ge=8_000, le=1_024_000)
    channels: int = Field(default=2, ge=1, le=8)
    sample_rate_hz: Literal[32_000, 44_100, 48_000] = 48_000
    #: Which tracks are carried.
    tracks: Literal["all", "first"] = "all"
    #: Tracks of 5.1 or more get a 5.1 rendition beside the stereo one.
    surround: bool = False
    surround_bitrate_bps: int = Field(default=384_000, ge=32_000)
    #: None leaves every track as loud as it is.
    loudness: Loudness | None = None

    @model_validator(mode="after")
    def _opus_has_one_clock(self) -> Self:
        if self.codec is AudioCodec.OPUS and self.sample_rate_hz != 48_000:  # noqa: PLR2004
            raise ValueError("sample_rate_hz must be 48000 with opus, which knows no other clock")
        return self


class Profile(Frozen):
    """A named set of wishes; a job keeps a snapshot of it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    #: What it is for, one sentence.
    description: str = Field(default="", max_length=300, pattern=r"^[^\x00]*$")
    video_codec: VideoCodec = VideoCodec.H264
    #: Highest first; empty makes sound alone.
    ladder: tuple[Rung, ...] = Field(max_length=16)
    ladder_mode: LadderMode = LadderMode.FIXED
    audio: AudioWish = AudioWish()
    #: Speed preset in x264's words; other encoders map it to their own.
    preset: Preset = Preset.VERYFAST
    #: Constant quality, x264's scale; the rung's bitrate caps it.
    crf: int = Field(default=23, ge=0, le=51)
    #: What a decoder must know of H.264; other codecs have one profile.
    h264_profile: Literal["main", "high"] = "high"
    segment_s: int = Field(default=4, ge=1, le=20)
    #: Seconds between keyframes, a whole part of ``segment_s``; None is one per segment.
    keyframe_interval_s: Ratio | None = Field(default=None, ge=Fraction(1, 4), le=20)
    #: Aimed length of a chunk in seconds of source.
    chunk_s: int = Field(default=60, ge=4, le=3600)
    #: Length of the first chunk, in segments: short, so that a viewer can start soon.
    first_chunk_segments: int = Field(default=2, ge=1, le=100)
    #: Frame rates above this are halved until they fit.
    max_frame_rate: Ratio = Field(default=Fraction(60), ge=1, le=240)
    #: A source that equals a rung, keyframes included, is cut into segments instead of encoded.
    copy_source: bool = False
    #: Also make one MP4 of the best rendition, to download.
    has_download: bool = False
    #: Encrypted renditions play over HLS alone.
    encryption: Encryption | None = None
    deinterlace: Deinterlace = Deinterlace.FRAME
    dynamic_range: DynamicRange = DynamicRange.SDR
    #: What becomes of a source that decodes, but not cleanly.
    on_damage: OnDamage = OnDamage.PUBLISH
    thumbnail_count: int = Field(default=3, ge=1, le=20)
    storyboard_interval_s: int = Field(default=10, ge=1, le=3600)
    #: The stretch of the source that is used; None is all of it.
    trim: Trim | None = None
    watermark: Watermark | None = None

    @field_validator("ladder")
    @classmethod
    def _names_differ(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        names = [rung.name for rung in ladder]
        if len(set(names)) < len(names):
            raise ValueError("two rungs have the same name")
        return ladder

    @model_validator(mode="after")
    def _keyframes_divide_segments(self) -> Self:
        interval_s = self.keyframe_interval_s
        if interval_s is not None and (self.segment_s / interval_s).denominator != 1:
            raise ValueError("keyframe_interval_s must go a whole number of times into segment_s")
        return self

    @model_validator(mode="after")
    def _watermark_has_its_brightness(self) -> Self:
        if self.watermark is not None and self.dynamic_range is DynamicRange.KEEP:
            raise ValueError("a `watermark` would blind in HDR; use `dynamic_range: sdr` with it")
        return self

    @model_validator(mode="after")
    def _download_is_clear(self) -> Self:
        if self.has_download and self.encryption is not None:
            raise ValueError("a file to download would give away what `encryption` hides")
        return self
