"""What a publisher sends, found out from the first seconds of a part."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.core.flv import codecs
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_sequence_header
from pipeline.core.flv.tags import Tag, metadata
from pipeline.core.live.measuring import MOST_RATE, bitrate_bps, frame_rate
from pipeline.core.live.packets import Packet, configuration, read

#: Of H.264: eight bits, 4:2:0 (Baseline, Main, High).
_PLAIN_PROFILES = frozenset({66, 77, 100})
_AAC_LC = 2
_STEREO = 2
#: How far a whole number of keyframe intervals may be off the segment.
NEAR_MS = 50
#: More keyframes than this in a segment cost the rungs below too much, which have them as well.
_MOST_KEYFRAMES = 4
#: How long the other track is waited for; longer where metadata tells that it comes.
_OTHER_MS, _PROMISED_MS, _KEYFRAME_MS = 1_500, 10_000, 70_000
#: Pictures that tell a rate.
_RATE_MS = 700
_USUAL_SIZE_PX = (1280, 720)
#: What no publisher needs more of: pixels of a picture, and of its longer side.
MOST_PIXELS, _MOST_SIDE_PX = 7680 * 4320, 16_384


@dataclass(frozen=True)
class VideoShape:
    """The picture as it comes."""

    codec: str
    configuration: bytes
    width_px: int
    height_px: int
    #: Nominal.
    frame_rate: Fraction
    bitrate_bps: int
    #: Players take it as it is, and its keyframes stand where segments may begin.
    is_fit: bool

    @property
    def is_too_large(self) -> bool:
        """Tell whether nobody takes such pictures: a header may say any size."""
        longer_px = max(self.width_px, self.height_px)
        return longer_px > _MOST_SIDE_PX or self.width_px * self.height_px > MOST_PIXELS


@dataclass(frozen=True)
class AudioShape:
    """The sound as it comes."""

    codec: str
    configuration: bytes
    sample_rate_hz: int
    n_channels: int
    #: Players take it as it is.
    is_fit: bool


@dataclass(frozen=True)
class Shape:
    """Both, as far as they are there."""

    video: VideoShape | None
    audio: AudioShape | None


class Scout:
    """Looks at the tags of a part until it is clear what they are."""

    def __init__(self, segment_s: int, *, needs_picture: bool = False) -> None:
        """Look for both tracks.

        Args:
            segment_s: what keyframes have to fit.
            needs_picture: nothing can be made without one, however long it takes to come.
        """
        self._needs_picture = needs_picture
        self._segment_ms = segment_s * 1000
        self._told: Mapping[str, Any] = {}
        self._headers: dict[MediaKind, Tag] = {}
        self._codecs: dict[MediaKind, str] = {}
        self._packets: list[Packet] = []
        self._sound_ms: list[int] = []

    @property
    def first_keyframe_ms(self) -> int | None:
        """When the first picture that stands on its own is shown."""
        return self._packets[0].present_ms if self._packets else None

    def take(self, tag: Tag) -> None:
        """Look at the next tag."""
        if tag.kind is MediaKind.DATA:
            self._told = metadata(tag.payload) or self._told
            return
        if is_sequence_header(tag.kind, tag.payload):
            self._headers[tag.kind] = tag
            return
        packet = read(tag)
        if packet is None:
            return
        if packet.kind is MediaKind.AUDIO:
            # The first and the newest: sound may come for hours before a picture does.
            self._sound_ms[1:] = [packet.decode_ms]
        elif packet.is_key or self._packets:
            self._packets.append(packet)
        else:
            return
        self._codecs.setdefault(tag.kind, codecs.codec(tag.kind, tag.payload))

    def shape(self, *, is_over: bool = False) -> Shape | None:
        """Tell what comes; None while that is not clear.

        Args:
            is_over: nothing more will come that could make it clearer.
        """
        if not self._packets and (self._needs_picture or not self._sound_ms):
            return None
        if not is_over and not (self._knows_picture() and self._knows_sound()):
            return None
        return Shape(self._video(), self._audio())

    def _knows_picture(self) -> bool:
        if not self._packets:
            # One whose decoder is set up already comes with its next keyframe.
            is_due = MediaKind.VIDEO in self._headers
            promised_ms = _KEYFRAME_MS if is_due else _PROMISED_MS
            is_promised = is_due or self._is_promised("video")
            return self._waited_ms() >= (promised_ms if is_promised else _OTHER_MS)
        span_ms = self._packets[-1].decode_ms - self._packets[0].decode_ms
        if not self._is_plain():
            return span_ms >= _RATE_MS
        return self._interval_ms() is not None or span_ms > self._segment_ms + NEAR_MS

    def _knows_sound(self) -> bool:
        if self._sound_ms:
            return True
        return self._waited_ms() >= (_PROMISED_MS if self._is_promised("audio") else _OTHER_MS)

    def _waited_ms(self) -> int:
        seen = [packet.decode_ms for packet in self._packets[:1] + self._packets[-1:]]
        seen += self._sound_ms[:1] + self._sound_ms[-1:]
        return max(seen) - min(seen)

    def _is_promised(self, kind: str) -> bool:
        return bool(self._told.get(f"{kind}codecid") or self._told.get(f"{kind}datarate"))

    def _is_plain(self) -> bool:
        header = self._headers.get(MediaKind.VIDEO)
        if header is None or self._codecs.get(MediaKind.VIDEO) != "h264":
            return False
        found = codecs.facts(MediaKind.VIDEO, header.payload)
        return found.profile in _PLAIN_PROFILES and bool(found.width)

    def _interval_ms(self) -> int | None:
        keys = [packet.present_ms for packet in self._packets if packet.is_key]
        return keys[1] - keys[0] if len(keys) > 1 else None

    def _is_fit(self) -> bool:
        interval_ms = self._interval_ms()
        if not self._is_plain() or not interval_ms:
            return False
        n = round(self._segment_ms / interval_ms)
        off_ms = abs(n * interval_ms - self._segment_ms)
        return 1 <= n <= _MOST_KEYFRAMES and off_ms <= NEAR_MS

    def _video(self) -> VideoShape | None:
        if not self._packets:
            return None
        header = self._headers.get(MediaKind.VIDEO)
        found = codecs.facts(MediaKind.VIDEO, header.payload) if header else None
        width_px = (found.width if found else None) or int(self._number("width", 16384))
        height_px = (found.height if found else None) or int(self._number("height", 16384))
        size_px = (width_px, height_px) if width_px and height_px else _USUAL_SIZE_PX
        return VideoShape(
            codec=self._codecs.get(MediaKind.VIDEO, ""),
            configuration=configuration(header) if header else b"",
            width_px=size_px[0],
            height_px=size_px[1],
            frame_rate=frame_rate(self._packets, self._number("framerate", MOST_RATE)),
            bitrate_bps=bitrate_bps(self._packets, self._number("videodatarate", 400_000)),
            is_fit=self._is_fit(),
        )

    def _audio(self) -> AudioShape | None:
        if not self._sound_ms:
            return None
        header = self._headers.get(MediaKind.AUDIO)
        found = codecs.facts(MediaKind.AUDIO, header.payload) if header else None
        codec = self._codecs.get(MediaKind.AUDIO, "")
        rate_hz = found.sample_rate_hz if found else None
        n_channels = found.n_channels if found else None
        is_fit = (
            codec == "aac"
            and found is not None
            and found.profile == _AAC_LC
            and n_channels is not None
            and n_channels <= _STEREO
            and bool(rate_hz)
        )
        return AudioShape(
            codec=codec,
            configuration=configuration(header) if header else b"",
            sample_rate_hz=rate_hz or 48_000,
            n_channels=n_channels or _STEREO,
            is_fit=is_fit,
        )

    def _number(self, name: str, most: int) -> float:
        value = self._told.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return 0
        # NaN is neither.
        return value if 0 < value <= most else 0
