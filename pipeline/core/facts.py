"""Turns what ffprobe described and its packets showed into the facts of a source."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pipeline.core.appearance import appearance
from pipeline.core.errors import MediaDamaged
from pipeline.core.packets import PacketScan, TrackScan
from pipeline.core.rates import frame_rate
from pipeline.core.scan import film_rate, frames_per_packet
from pipeline.core.streams import Chosen, Description, Stream
from schemas.media import AudioFacts, Crop, MediaFacts, MediaWarning, VideoFacts
from schemas.vocabulary import Telecine

#: Facts travel with every task: of a long source a sample of its keyframes must do.
MOST_KEYFRAMES = 1200
#: A picture stretched further than this is a broken header, not an anamorphic one.
_WIDEST_SAR = 4
_DEEP_PIXELS = re.compile(r"(9|10|12|14|16)(msb)?(le|be)$")


@dataclass(frozen=True)
class Findings:
    """Everything known of a file before it is put into words."""

    described: Description
    chosen: Chosen
    scan: PacketScan
    #: The walk over the packets reached the end of the file.
    is_whole: bool
    container: str
    size_bytes: int
    is_seekable: bool
    #: ffprobe's words on a few decoded pictures.
    frames: Sequence[Mapping[str, Any]] = ()
    #: Whether this box can bring HDR down.
    is_tone_mappable: bool = True
    enrichment: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[MediaWarning] = ()


def facts(found: Findings) -> MediaFacts:
    """State the facts.

    Raises:
        MediaDamaged: a chosen track has no packets at all.
    """
    video = _video(found) if found.chosen.video is not None else None
    heard = (_audio(found, stream) for stream in found.chosen.audios)
    audios = tuple(one for one in heard if one is not None)
    tracks: list[VideoFacts | AudioFacts] = [*([video] if video else []), *audios]
    if not tracks:
        raise MediaDamaged("the file holds no packets", code="media.no_packets")
    start_s = min(one.start_s for one in tracks)
    return MediaFacts(
        container=found.container,
        size_bytes=found.size_bytes,
        duration_s=max(one.start_s + one.duration_s for one in tracks) - start_s,
        start_s=start_s,
        video=video,
        audios=audios,
        is_seekable=found.is_seekable,
        enrichment=dict(found.enrichment),
        warnings=tuple(found.warnings),
    )


def time_base(stream: Stream) -> Fraction:
    """Seconds of one tick of a stream."""
    return ratio(stream.get("time_base")) or Fraction(1, 90_000)


def ratio(text: Any) -> Fraction:
    """Read ``"30000/1001"``, ``"1:1"`` or ``"4.04"``; zero where ffprobe does not know."""
    try:
        return Fraction(str(text).replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _video(found: Findings) -> VideoFacts:
    stream = found.chosen.video or {}
    track = found.scan.tracks.get(stream["index"]) or TrackScan()
    base = time_base(stream)
    shown = appearance(stream, found.frames)
    shown = {**shown, "crop": _frame_crop(shown)}
    width_px, height_px = int(stream["width"]), int(stream["height"]) * _pictures_per_frame(shown)
    aspect = _sample_aspect(stream, width_px)
    if _pictures_per_frame(shown) > 1 and width_px * aspect < height_px:
        # It is that of the fields: interlaced pictures are never upright.
        aspect *= _pictures_per_frame(shown)
    display_px = _display(width_px, height_px, aspect, shown)
    return VideoFacts(
        index=stream["index"],
        codec=stream["codec_name"],
        profile=_known(stream.get("profile")),
        width_px=width_px,
        height_px=height_px,
        display_width_px=display_px[0],
        display_height_px=display_px[1],
        sample_aspect_ratio=aspect,
        pixel_format=stream.get("pix_fmt", "unknown"),
        bit_depth=_bit_depth(stream),
        color_range=_known(stream.get("color_range")),
        color_space=_known(stream.get("color_space")),
        color_transfer=_known(stream.get("color_transfer")),
        color_primaries=_known(stream.get("color_primaries")),
        keyframes_s=_sample([float(tick * base) for tick in sorted(track.keyframes)]),
        keyframe_lead_s=track.keyframe_lead * base,
        bitrate_bps=_count(stream.get("bit_rate")),
        is_tone_mappable=found.is_tone_mappable,
        **_pace(found, stream, track, shown),
        **shown,
    )


def _pace(
    found: Findings, stream: Stream, track: TrackScan, shown: Mapping[str, Any]
) -> dict[str, Any]:
    """State rate, start and length of the picture, and how many frames it has."""
    ticks = track.sorted_ticks()
    announced = [ratio(stream.get(name)) for name in ("avg_frame_rate", "r_frame_rate")]
    if shown.get("telecine") is Telecine.SOFT:
        # Announced is what a player makes of it.
        announced = [film_rate(rate) for rate in announced] + announced
    if track.n_untimed and track.usual_step:
        # Announced is what those packets come to that have a time of their own.
        announced.insert(0, 1 / (track.usual_step * time_base(stream)))
    is_interlaced = shown.get("is_interlaced", False)
    # Fields of interlaced pictures may come in packets of their own: their times are no frames'.
    timed = () if is_interlaced or track.n_untimed else ticks
    rate, is_variable = frame_rate(timed, time_base(stream), announced)
    share = frames_per_packet(rate, found.frames) if is_interlaced else Fraction(1)
    share = min(share, Fraction(1, _pictures_per_frame(shown)))
    start_s, duration_s = _span(found, stream, track, last_s=1 / rate)
    n_packets = _count(stream.get("nb_frames"))
    if found.is_whole and ticks:
        n_packets = len(ticks) + track.n_untimed
        if track.n_untimed:
            # The last with a time may lie well before the last.
            duration_s = max(duration_s, n_packets / (rate * share))
    return {
        "frame_rate": rate * share,
        "is_variable_rate": is_variable,
        "start_s": start_s,
        "duration_s": duration_s,
        "n_frames": None if n_packets is None else int(n_packets * share),
    }


def _audio(found: Findings, stream: Stream) -> AudioFacts | None:
    track = found.scan.tracks.get(stream["index"])
    if track is None:
        return None  # announced, but not one packet came
    start_s, duration_s = _span(found, stream, track, last_s=Fraction(0))
    # Sound begins where it is heard, behind its encoder's run-in: else the picture would be late.
    unheard_s = min(Fraction(track.n_skipped_samples, int(stream["sample_rate"])), duration_s)
    tags = stream.get("tags", {})
    return AudioFacts(
        index=stream["index"],
        codec=stream["codec_name"],
        profile=_known(stream.get("profile")),
        channels=int(stream["channels"]),
        channel_layout=_known(stream.get("channel_layout")),
        sample_rate_hz=int(stream["sample_rate"]),
        start_s=start_s + unheard_s,
        duration_s=duration_s - unheard_s,
        language=_known(tags.get("language")),
        title=plain(tags.get("title")),
        dispositions=dispositions(stream),
        bitrate_bps=_count(stream.get("bit_rate")),
    )


def _span(
    found: Findings, stream: Stream, track: TrackScan, *, last_s: Fraction
) -> tuple[Fraction, Fraction]:
    """Find start and length: what the packets showed, else what the container announced."""
    base = time_base(stream)
    start = track.start
    if start is None or track.end is None:
        return _untimed_span(stream, track, last_s)
    start_s = start * base
    # The last frame of some containers has no length of its own: it is shown for one period.
    seen_s = max(track.end * base, max(track.ticks) * base + last_s) - start_s
    return start_s, seen_s if found.is_whole else max(seen_s, announced_duration_s(stream))


def _untimed_span(stream: Stream, track: TrackScan, last_s: Fraction) -> tuple[Fraction, Fraction]:
    """Span of a raw stream: as many periods as it has packets."""
    if not track.n_untimed:
        raise MediaDamaged("the picture has no packets", code="media.no_packets")
    return Fraction(0), max(track.n_untimed * last_s, announced_duration_s(stream))


def announced_duration_s(stream: Stream) -> Fraction:
    """Length a stream says it has; zero where it does not say."""
    if "duration_ts" in stream:
        return int(stream["duration_ts"]) * time_base(stream)
    hours, _, rest = str(stream.get("tags", {}).get("DURATION", "")).partition(":")
    minutes, _, seconds = rest.partition(":")
    return ratio(hours) * 3600 + ratio(minutes) * 60 + ratio(seconds)


def _sample_aspect(stream: Stream, width_px: int) -> Fraction:
    aspect = ratio(stream.get("sample_aspect_ratio"))
    if not Fraction(1, _WIDEST_SAR) <= aspect <= _WIDEST_SAR or round(width_px * aspect) == 0:
        return Fraction(1)
    return aspect


def _pictures_per_frame(shown: Mapping[str, Any]) -> int:
    return 2 if shown.get("has_separate_fields") else 1


def _frame_crop(shown: Mapping[str, Any]) -> Crop | None:
    """Say in lines of a frame what the container takes off each picture it holds."""
    crop: Crop | None = shown["crop"]
    if crop is None:
        return None
    rows = {f"{side}_px": getattr(crop, f"{side}_px") for side in ("top", "bottom")}
    per_frame = _pictures_per_frame(shown)
    return crop.model_copy(update={name: rows[name] * per_frame for name in rows})


def _display(
    width_px: int, height_px: int, aspect: Fraction, shown: Mapping[str, Any]
) -> tuple[int, int]:
    crop = shown["crop"] or Crop()
    seen_px = width_px - crop.left_px - crop.right_px
    size = max(1, round(seen_px * aspect)), height_px - crop.top_px - crop.bottom_px
    return size if shown["rotation_deg"] % 180 == 0 else size[::-1]


def _bit_depth(stream: Stream) -> int:
    match = _DEEP_PIXELS.search(stream.get("pix_fmt", ""))
    return int(match[1]) if match else _count(stream.get("bits_per_raw_sample")) or 8


def _sample(times: list[float]) -> tuple[float, ...]:
    """Thin out evenly, keeping the first."""
    step = -(-len(times) // MOST_KEYFRAMES) or 1
    return tuple(times[::step])


def _count(text: Any) -> int | None:
    return int(text) if str(text).isdigit() and int(text) > 0 else None


def _known(value: Any) -> str | None:
    return None if value in (None, "", "unknown", "und", "reserved") else plain(value)


def track_name(stream: Stream) -> str:
    """Name a track to a person: its place, and its title, language or codec."""
    tags = stream.get("tags", {})
    words = plain(tags.get("title")) or _known(tags.get("language")) or stream.get("codec_name")
    return f"{stream['index']} ({words or 'unknown'})"


def dispositions(stream: Stream) -> tuple[str, ...]:
    """List what a file says of a track, in ffprobe's words."""
    return tuple(name for name, is_set in stream.get("disposition", {}).items() if is_set)


def plain(value: Any) -> str | None:
    """Keep a stranger's text to one short printable line."""
    if value is None:
        return None
    return "".join(sign if sign.isprintable() else " " for sign in str(value)).strip()[:200] or None
