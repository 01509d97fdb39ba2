"""HLS playlists as text: multivariant, media and I-frame (RFC 8216, version 7).

All three lie at ``/media/{asset}/``, and every address in them is relative to that.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from pipeline.core import measures
from pipeline.core.alternatives import (
    AUDIO_GROUP,
    TEXT_GROUP,
    sound_groups,
    sound_lines,
    text_lines,
)
from pipeline.core.encryption import key_name
from pipeline.core.errors import NotFound
from pipeline.core.iframes import ByteRange
from pipeline.core.keys import media_path
from schemas.timeline import RenditionTimeline, Timeline, TimelineSegment
from schemas.vocabulary import Medium, VideoRange

#: Byte ranges of the key frames of a rendition, one per segment.
KeyFrames = Sequence[ByteRange]

#: EXTINF is written in microseconds.
_EXTINF_SCALE = 1_000_000
#: Apple's authoring rules want the first variant near 2 Mbit/s; players that measure ignore it.
_START_BPS = 3_000_000


def media_name(rendition: str) -> str:
    """Name the media playlist of a rendition."""
    return f"{rendition}.m3u8"


def iframes_name(rendition: str) -> str:
    """Name the I-frame playlist of a rendition."""
    return f"{rendition}.iframes.m3u8"


def master(
    timeline: Timeline,
    *,
    keyframes: Mapping[str, KeyFrames] | None = None,
    is_whole: bool = False,
    is_live: bool = False,
) -> str:
    """Render the multivariant playlist over all renditions that have segments.

    Args:
        timeline: what is published.
        keyframes: by rendition name, for those that have an I-frame playlist.
        is_whole: the job made all it promised; only then may tracks end far apart.
        is_live: it is the window over a broadcast: players begin near its end, and may do with
            sound alone.

    Raises:
        NotFound: nothing can be played yet.
    """
    shown = measures.listed(timeline, is_whole=is_whole)
    videos = _start_first([each for each in shown if each.medium is Medium.VIDEO])
    groups = sound_groups([each for each in shown if each.medium is Medium.AUDIO])
    texts = [each for each in shown if each.medium is Medium.TEXT]
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [] if is_live else _start(timeline)
    sounds = groups.get(AUDIO_GROUP, ())
    if videos or len(sounds) > 1 or len(groups) > 1:
        lines += [*sound_lines(groups), *text_lines(texts)]
        for group, members in groups.items() or [("", ())]:
            # Sound alone: the default one stands for the picture that is not there.
            for shown_one in [*videos, *members[:1]] if is_live else videos or members[:1]:
                lines += _variant(timeline, shown_one, group, members, texts)
    else:
        lines += [*text_lines(texts), *_variant(timeline, sounds[0], "", (), texts)]
    for video in videos:
        if keyframes and video.name in keyframes:
            lines.append(_iframe_variant(timeline, video, keyframes[video.name]))
    return _text(lines)


def _start(timeline: Timeline) -> list[str]:
    # A player takes a playlist without an end for a broadcast and would begin at its edge.
    return [] if timeline.is_ended else ["#EXT-X-START:TIME-OFFSET=0,PRECISE=YES"]


def _start_first(videos: list[RenditionTimeline]) -> list[RenditionTimeline]:
    """Order highest first, but in front of all the best one to begin with."""
    ordered = sorted(videos, key=lambda each: each.bitrate_bps, reverse=True)
    start = next((each for each in ordered if each.bitrate_bps <= _START_BPS), None)
    return sorted(ordered, key=lambda each: each is not start)


def _variant(
    timeline: Timeline,
    rendition: RenditionTimeline,
    group: str,
    sounds: Sequence[RenditionTimeline],
    texts: Sequence[RenditionTimeline],
) -> list[str]:
    """Announce a rendition together with the heaviest sound it may be played with."""
    others = [sound for sound in sounds if sound is not rendition]
    rates = [measures.announced_bps(sound, timeline) for sound in sounds]
    peak, average = measures.announced_bps(rendition, timeline)
    if rendition in sounds:
        peak = average = 0
    peak += max((rate[0] for rate in rates), default=0)
    average += max((rate[1] for rate in rates), default=0)
    codecs = dict.fromkeys([rendition.codecs, *(sound.codecs for sound in others)])
    fields = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={min(average, peak)}"]
    fields += [f'CODECS="{",".join(codecs)}"', *_picture(rendition)]
    if sounds:
        fields.append(f'AUDIO="{group}"')
    if texts:
        fields.append(f'SUBTITLES="{TEXT_GROUP}"')
    if rendition.medium is Medium.VIDEO:
        # Else players offer captions that a stream might carry inside.
        fields.append("CLOSED-CAPTIONS=NONE")
    return [f"#EXT-X-STREAM-INF:{','.join(fields)}", media_name(rendition.name)]


def _picture(rendition: RenditionTimeline) -> Iterator[str]:
    if rendition.width_px and rendition.height_px:
        yield f"RESOLUTION={rendition.width_px}x{rendition.height_px}"
    if rendition.frame_rate:
        yield f"FRAME-RATE={float(rendition.frame_rate):.3f}"
    yield from _range(rendition)


def _range(rendition: RenditionTimeline) -> Iterator[str]:
    # Left out it means SDR.
    if rendition.video_range is not VideoRange.SDR:
        yield f"VIDEO-RANGE={rendition.video_range}"


def _iframe_variant(timeline: Timeline, video: RenditionTimeline, frames: KeyFrames) -> str:
    pairs = zip(video.segments, frames, strict=True)
    as_segments = tuple(
        segment.model_copy(update={"size_bytes": frame.length}) for segment, frame in pairs
    )
    peak = measures.peak_bps(as_segments, measures.target_duration_s(timeline))
    fields = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={measures.average_bps(as_segments)}"]
    fields += [f'CODECS="{video.codecs}"']
    fields += [field for field in _picture(video) if not field.startswith("FRAME-RATE")]
    return f'#EXT-X-I-FRAME-STREAM-INF:{",".join(fields)},URI="{iframes_name(video.name)}"'


def media(timeline: Timeline, rendition_name: str, *, is_whole: bool = False) -> str:
    """Render the media playlist of one rendition: EVENT while it grows, VOD once it has ended.

    Text is published whole, so its playlist never grows: only then may its segments be longer
    than the others' (RFC 8216 §6.2.4).

    Raises:
        NotFound: no such rendition, or nothing of it can be played yet.
    """
    rendition = _find(timeline, rendition_name, is_whole=is_whole)
    is_ended = timeline.is_ended or rendition.medium is Medium.TEXT
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{measures.target_duration_s(timeline, rendition)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if is_ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *([] if is_ended else _start(timeline)),
        *_segment_lines(timeline, rendition, None),
    ]
    return _text(lines + ["#EXT-X-ENDLIST"] * is_ended)


def iframes(timeline: Timeline, rendition_name: str, frames: KeyFrames) -> str:
    """Render the I-frame playlist of a rendition that is complete."""
    rendition = _find(timeline, rendition_name, is_whole=True)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{measures.target_duration_s(timeline)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY",
        *_segment_lines(timeline, rendition, frames),
        "#EXT-X-ENDLIST",
    ]
    return _text(lines)


def _find(timeline: Timeline, name: str, *, is_whole: bool) -> RenditionTimeline:
    for rendition in measures.listed(timeline, is_whole=is_whole):
        if rendition.name == name:
            return rendition
    raise NotFound(f"There is no rendition {name!r} to play", code="rendition.not_found")


def _segment_lines(
    timeline: Timeline, rendition: RenditionTimeline, frames: KeyFrames | None
) -> Iterator[str]:
    asset_id, segments = timeline.asset_id, rendition.segments
    has_init = rendition.medium is not Medium.TEXT
    borders = measures.ticks(measures.borders_s(segments), _EXTINF_SCALE)
    init_sha256 = None
    for n, segment in enumerate(segments):
        has_new_init = has_init and segment.init_sha256 != init_sha256
        if n and (has_new_init or segment.is_discontinuous):
            yield "#EXT-X-DISCONTINUITY"
        if has_new_init:
            yield from _map(timeline, segment.init_key, is_first=init_sha256 is None)
            init_sha256 = segment.init_sha256
        yield from _clock_time(timeline, segment)
        yield f"#EXTINF:{Decimal(borders[n + 1] - borders[n]).scaleb(-6):f},"
        if frames is not None:
            yield f"#EXT-X-BYTERANGE:{frames[n].length}@{frames[n].offset}"
        yield media_path(asset_id, segment.key)


def _clock_time(timeline: Timeline, segment: TimelineSegment) -> Iterator[str]:
    """Say when the first picture of a segment was taken, as far as its door could know."""
    if timeline.opened_at is not None and segment.start_ms is not None:
        at = timeline.opened_at + timedelta(milliseconds=segment.start_ms)
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield f"#EXT-X-PROGRAM-DATE-TIME:{text}"


def _map(timeline: Timeline, init_key: str, *, is_first: bool) -> Iterator[str]:
    """Name the init segment; where segments are encrypted, it alone is not."""
    if timeline.is_encrypted and not is_first:
        yield "#EXT-X-KEY:METHOD=NONE"
    yield f'#EXT-X-MAP:URI="{media_path(timeline.asset_id, init_key)}"'
    if timeline.is_encrypted:
        yield f'#EXT-X-KEY:METHOD=AES-128,URI="{key_name(timeline.job_id)}"'


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
