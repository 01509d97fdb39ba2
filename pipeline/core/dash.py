"""The DASH manifest as text, over the same segments as the HLS playlists (ISO/IEC 23009-1).

Segment addresses carry the attempt that made them, so no template fits: each representation is a
``SegmentList``. Its ``duration`` is nominal, as the standard allows and dash.js needs (it knows no
``SegmentTimeline`` in a list): exact for picture, within a sound frame for sound.

Where a broadcast broke off a new period begins. Limit: of other assets, a rendition whose init
segment changes midway is left out; HLS plays it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from xml.etree import ElementTree as ET

from pipeline.core import measures
from pipeline.core.dash_periods import Period, periods
from pipeline.core.dash_tracks import add_text, add_words
from pipeline.core.errors import NotFound
from pipeline.core.keys import media_path
from pipeline.core.languages import tag_and_name
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import AssetId, Medium, VideoRange

#: Seconds between a player's looks at a growing manifest.
_UPDATE_S = 3
#: 32 bits hold a timescale and ten seconds of offset in it.
_MAX_TIMESCALE = 2**28
#: Timescales below this are multiplied: some players reckon in whole ticks.
_MIN_TIMESCALE = 1000
#: Code points of transfer curves in ITU-T H.273.
_TRANSFERS = {VideoRange.PQ: 16, VideoRange.HLG: 18}


def manifest(
    timeline: Timeline, *, published_at: datetime | None = None, is_whole: bool = False
) -> str:
    """Render the manifest: dynamic while the asset grows, static once it has ended.

    Args:
        timeline: what is published.
        published_at: when the first segments could be played; needed while the asset grows,
            because a player reckons from it how much there is by now.
        is_whole: the job made all it promised; only then may tracks end far apart.

    Raises:
        NotFound: nothing can be played yet, or not by DASH.
    """
    if timeline.is_encrypted:
        raise NotFound("An encrypted asset plays over HLS alone", code="playback.hls_only")
    shown = [each for each in measures.listed(timeline, is_whole=is_whole) if _is_sayable(each)]
    promised = {each.medium for each in timeline.renditions} - {Medium.TEXT}
    if not promised <= {each.medium for each in shown}:
        raise NotFound("This asset cannot be played over DASH (yet)", code="playback.not_ready")
    timed = [each for each in shown if each.medium is not Medium.TEXT]
    length_s = max(measures.length_s(each.segments) for each in timed)
    mpd = ET.Element("MPD", _mpd_attributes(timeline, length_s, published_at))
    found = periods(shown)
    for period in found:
        _add_period(mpd, timeline, period, is_over=timeline.is_ended or period is not found[-1])
    if not timeline.is_ended:
        # Without it dash.js asks a public time server.
        scheme = "urn:mpeg:dash:utc:http-head:2014"
        ET.SubElement(mpd, "UTCTiming", schemeIdUri=scheme, value="manifest.mpd")
    ET.indent(mpd)
    return ET.tostring(mpd, encoding="unicode", xml_declaration=True) + "\n"


def _is_sayable(rendition: RenditionTimeline) -> bool:
    """Tell whether each period has one init segment; a broadcast is cut into periods for that."""
    is_clocked = rendition.segments[0].start_ms is not None
    return is_clocked or len({segment.init_sha256 for segment in rendition.segments}) == 1


def _add_period(mpd: ET.Element, timeline: Timeline, period: Period, *, is_over: bool) -> None:
    start = _duration(period.start_s)
    element = ET.SubElement(mpd, "Period", id=str(period.number), start=start)
    if is_over:
        element.set("duration", _duration(period.length_s))
    _add_sets(element, timeline, period)


def _mpd_attributes(
    timeline: Timeline, length_s: Fraction, published_at: datetime | None
) -> dict[str, str]:
    attributes = {
        "xmlns": "urn:mpeg:dash:schema:mpd:2011",
        "profiles": "urn:mpeg:dash:profile:isoff-main:2011",
        "minBufferTime": _duration(Fraction(timeline.segment_s)),
        "maxSegmentDuration": _duration(
            max(Fraction(measures.target_duration_s(timeline)), measures.longest_s(timeline))
        ),
    }
    if timeline.is_ended:
        attributes["type"] = "static"
        attributes["mediaPresentationDuration"] = _duration(length_s)
        return attributes
    if published_at is None:
        raise NotFound("Nothing of this asset is published yet", code="playback.not_ready")
    attributes["type"] = "dynamic"
    attributes["availabilityStartTime"] = _instant(published_at)
    # It only has to rise with each version, and the listed length does.
    attributes["publishTime"] = _instant(published_at + timedelta(seconds=float(length_s)))
    attributes["minimumUpdatePeriod"] = f"PT{_UPDATE_S}S"
    return attributes


def _add_sets(element: ET.Element, timeline: Timeline, period: Period) -> None:
    videos = [each for each in period.renditions if each.medium is Medium.VIDEO]
    sounds = [each for each in period.renditions if each.medium is Medium.AUDIO]
    at = _At(timeline, period.media_start_s)
    if videos:
        _add_set(element, at, videos, {"contentType": "video", "mimeType": "video/mp4"})
    for sound in sounds:
        tag, _ = tag_and_name(sound.language)
        language = {"lang": tag} if tag else {}
        kind = {"contentType": "audio", "mimeType": "audio/mp4"}
        made = _add_set(element, at, [sound], {**kind, **language})
        add_words(made, sound)
    for text in period.renditions:
        if text.medium is Medium.TEXT:
            add_text(element, timeline.asset_id, text)


@dataclass(frozen=True)
class _At:
    """What a period's renditions are part of, and the media's time where it begins."""

    timeline: Timeline
    media_start_s: Fraction


def _add_set(
    period: ET.Element,
    at: _At,
    renditions: Sequence[RenditionTimeline],
    attributes: dict[str, str],
) -> ET.Element:
    adaptation = ET.SubElement(
        period, "AdaptationSet", attributes, segmentAlignment="true", startWithSAP="1"
    )
    _add_range(adaptation, renditions[0].video_range)
    for rendition in sorted(renditions, key=lambda each: each.bitrate_bps, reverse=True):
        peak, _ = measures.announced_bps(rendition, at.timeline)
        representation = ET.SubElement(
            adaptation,
            "Representation",
            {"id": rendition.name, "bandwidth": str(peak), "codecs": rendition.codecs},
        )
        _describe(representation, rendition)
        _add_segments(representation, at, rendition)
    return adaptation


def _add_range(adaptation: ET.Element, video_range: VideoRange) -> None:
    """Say how HDR is coded, by the code points of ITU-T H.273.

    A player that knows nothing of PQ must leave it alone; HLG looks passable on any screen.
    """
    if video_range is VideoRange.SDR:
        return
    kind = "EssentialProperty" if video_range is VideoRange.PQ else "SupplementalProperty"
    points = {"ColourPrimaries": 9, "TransferCharacteristics": _TRANSFERS[video_range]}
    for name, value in {**points, "MatrixCoefficients": 9}.items():
        scheme = f"urn:mpeg:mpegB:cicp:{name}"
        ET.SubElement(adaptation, kind, schemeIdUri=scheme, value=str(value))


def _describe(representation: ET.Element, rendition: RenditionTimeline) -> None:
    if rendition.width_px and rendition.height_px:
        representation.set("width", str(rendition.width_px))
        representation.set("height", str(rendition.height_px))
    if rendition.frame_rate:
        rate = rendition.frame_rate
        whole = rate.denominator == 1
        representation.set(
            "frameRate", str(rate) if whole else f"{rate.numerator}/{rate.denominator}"
        )
    if rendition.sample_rate_hz:
        representation.set("audioSamplingRate", str(rendition.sample_rate_hz))
    if rendition.channels:
        scheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
        ET.SubElement(
            representation,
            "AudioChannelConfiguration",
            schemeIdUri=scheme,
            value=str(rendition.channels),
        )


def _add_segments(representation: ET.Element, at: _At, rendition: RenditionTimeline) -> None:
    nominal_s = _nominal_s(rendition, at.timeline.segment_s)
    timescale = _timescale(nominal_s)
    segments = ET.SubElement(
        representation,
        "SegmentList",
        timescale=str(timescale),
        duration=str(round(nominal_s * timescale)),
        presentationTimeOffset=str(round(at.media_start_s * timescale)),
    )
    asset_id = at.timeline.asset_id
    first = rendition.segments[0]
    ET.SubElement(segments, "Initialization", sourceURL=media_path(asset_id, first.init_key))
    _add_addresses(segments, asset_id, (segment.key for segment in rendition.segments))


def _add_addresses(segments: ET.Element, asset_id: AssetId, keys: Iterable[str]) -> None:
    for key in keys:
        ET.SubElement(segments, "SegmentURL", media=media_path(asset_id, key))


def _nominal_s(rendition: RenditionTimeline, segment_s: int) -> Fraction:
    """Choose the length by which a player finds the segment of a time.

    Picture segments are equally long but for the last one, unless a publisher's keyframes decided
    where they end. Sound follows whole frames around the
    aimed length; taking that length itself keeps the manifest steady while it grows.
    """
    segments = rendition.segments
    is_even = rendition.medium == "video" and segments[0].start_ms is None
    if is_even or len(segments) == 1:
        return segments[0].duration_s
    starts_s = measures.borders_s(segments)[:-1]
    drift_s = max(abs(start_s - n * segment_s) for n, start_s in enumerate(starts_s))
    if drift_s <= Fraction(segment_s, 4):
        return Fraction(segment_s)
    return starts_s[-1] / (len(segments) - 1)


def _timescale(nominal_s: Fraction) -> int:
    """Choose ticks that hold the nominal length exactly wherever 32 bits allow it."""
    scale = nominal_s.denominator
    if scale > _MAX_TIMESCALE:
        return 90_000
    return scale * math.ceil(_MIN_TIMESCALE / scale)


def _duration(seconds: Fraction) -> str:
    return f"PT{float(seconds):.6f}".rstrip("0").rstrip(".") + "S"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
