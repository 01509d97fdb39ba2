"""The DASH manifest: the whole text once, then what differs."""

from datetime import UTC, datetime
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from pipeline.core import dash, measures
from pipeline.core.argv import encode
from pipeline.core.errors import NotFound
from schemas.timeline import RenditionTimeline, Timeline
from schemas.vocabulary import VideoRange
from tests.support.timelines import audio, timeline, video

NAMESPACE = {"d": "urn:mpeg:dash:schema:mpd:2011"}
AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_manifest_of_a_finished_asset() -> None:
    text = dash.manifest(timeline(video(n=2), audio(n=2), is_ended=True), is_whole=True)

    assert text == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" '
        'profiles="urn:mpeg:dash:profile:isoff-main:2011" minBufferTime="PT4S" '
        'maxSegmentDuration="PT6S" type="static" mediaPresentationDuration="PT8.008S">\n'
        '  <Period id="0" start="PT0S" duration="PT8.008S">\n'
        '    <AdaptationSet contentType="video" mimeType="video/mp4" '
        'segmentAlignment="true" startWithSAP="1">\n'
        '      <Representation id="720p" bandwidth="999001" codecs="avc1.64001f" '
        'width="1280" height="720" frameRate="30000/1001">\n'
        '        <SegmentList timescale="1000" duration="4004" presentationTimeOffset="10000">\n'
        '          <Initialization sourceURL="c0-1/720p/init.mp4" />\n'
        '          <SegmentURL media="c0-1/720p/00000.m4s" />\n'
        '          <SegmentURL media="c0-1/720p/00001.m4s" />\n'
        "        </SegmentList>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        '    <AdaptationSet contentType="audio" mimeType="audio/mp4" lang="ko" '
        'segmentAlignment="true" startWithSAP="1">\n'
        '      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main" />\n'
        '      <Representation id="audio" bandwidth="128343" codecs="mp4a.40.2" '
        'audioSamplingRate="48000">\n'
        '        <AudioChannelConfiguration schemeIdUri="'
        'urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2" />\n'
        '        <SegmentList timescale="1000" duration="4000" presentationTimeOffset="10000">\n'
        '          <Initialization sourceURL="sound-2/audio/init.mp4" />\n'
        '          <SegmentURL media="sound-2/audio/00000.m4s" />\n'
        '          <SegmentURL media="sound-2/audio/00001.m4s" />\n'
        "        </SegmentList>\n"
        "      </Representation>\n"
        "    </AdaptationSet>\n"
        "  </Period>\n"
        "</MPD>\n"
    )


def test_a_growing_manifest_is_dynamic_and_its_publish_time_rises() -> None:
    first = _parsed(timeline(video(n=2), audio(n=9)))
    later = _parsed(timeline(video(n=4), audio(n=9)))

    assert first.get("type") == "dynamic"
    assert first.get("availabilityStartTime") == "2030-01-02T03:04:05.000000Z"
    assert first.get("publishTime") < later.get("publishTime")
    assert first.get("minimumUpdatePeriod") == "PT3S"
    assert first.find("d:Period", NAMESPACE).get("duration") is None


def test_the_nominal_length_is_exact_for_picture_at_any_rate() -> None:
    rung = video(n=3, frames=96, rate=Fraction(24000, 1001))
    listing = _parsed(timeline(rung, audio())).find(".//d:SegmentList", NAMESPACE)

    ratio = Fraction(int(listing.get("duration")), int(listing.get("timescale")))
    assert ratio == 96 / Fraction(24000, 1001)
    offset = Fraction(int(listing.get("presentationTimeOffset")), int(listing.get("timescale")))
    assert offset == 10


def test_a_rung_whose_init_segment_changes_is_left_to_hls() -> None:
    good, odd = video("360p"), video("720p")
    changed = odd.segments[2].model_copy(update={"init_sha256": "b" * 64})
    odd = odd.model_copy(update={"segments": (*odd.segments[:2], changed)})

    names = [
        each.get("id") for each in _parsed(timeline(good, odd)).iter() if "bandwidth" in each.attrib
    ]
    assert names == ["360p"]
    with pytest.raises(NotFound):
        dash.manifest(timeline(odd, audio()), published_at=AT)


def test_nothing_published_is_no_manifest() -> None:
    with pytest.raises(NotFound):
        dash.manifest(timeline(video(n=2), audio(n=0)), published_at=AT)
    with pytest.raises(NotFound):
        dash.manifest(timeline(video(n=2)))


def _parsed(source: Timeline) -> ET.Element:
    return ET.fromstring(dash.manifest(source, published_at=AT))


def test_playlists_and_encoders_agree_on_the_zero() -> None:
    assert measures.MEDIA_ZERO_S == encode.OUTPUT_START_S


def test_a_player_that_knows_no_pq_is_warned_off_and_hlg_is_only_named() -> None:
    def told(video_range: VideoRange) -> str:
        hdr = video().model_copy(update={"video_range": video_range})
        return dash.manifest(timeline(hdr, is_ended=True))

    scheme = 'schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics"'
    assert f'<EssentialProperty {scheme} value="16"' in told(VideoRange.PQ)
    assert f'<SupplementalProperty {scheme} value="18"' in told(VideoRange.HLG)
    assert "Property" not in told(VideoRange.SDR)


def _on_air(made: RenditionTimeline, at_ms: tuple[int, ...]) -> RenditionTimeline:
    """Put segments on a broadcast's clock; whatever leaves a gap breaks off, with an init anew."""
    segments = []
    init = 0
    for n, (segment, start_ms) in enumerate(zip(made.segments, at_ms, strict=True)):
        is_new = n > 0 and start_ms - at_ms[n - 1] > 5_000
        init += is_new
        change = {"start_ms": start_ms, "is_discontinuous": is_new, "init_sha256": str(init) * 64}
        segments.append(segment.model_copy(update=change))
    return made.model_copy(update={"segments": tuple(segments)})


def test_a_broadcast_that_broke_off_has_a_period_for_each_stretch() -> None:
    at_ms = (0, 4_004, 60_000)
    aired = timeline(_on_air(video(n=3), at_ms), _on_air(audio(n=3), at_ms), is_ended=True)

    mpd = ET.fromstring(dash.manifest(aired, is_whole=True))

    periods = mpd.findall("d:Period", NAMESPACE)
    assert [each.attrib for each in periods] == [
        {"id": "0", "start": "PT0S", "duration": "PT8.008S"},
        {"id": "1", "start": "PT8.008S", "duration": "PT4.004S"},
    ]
    lists = [each.find(".//d:SegmentList", NAMESPACE) for each in periods]
    offsets = [one.get("presentationTimeOffset") for one in lists if one is not None]
    assert offsets == ["10000", "70000"]
    addresses = [len(each.findall(".//d:SegmentURL", NAMESPACE)) for each in periods]
    assert addresses == [4, 2]


def test_a_broadcast_cut_at_its_publishers_keyframes_is_found_by_their_mean() -> None:
    aired = _on_air(video(n=3), (0, 4_004, 8_008))
    uneven = [
        segment.model_copy(update={"duration_s": Fraction(length_s)})
        for segment, length_s in zip(aired.segments, (3, 5, 1), strict=True)
    ]
    aired = aired.model_copy(update={"segments": tuple(uneven)})

    mpd = ET.fromstring(dash.manifest(timeline(aired, is_ended=True), is_whole=True))

    found = mpd.find(".//d:SegmentList", NAMESPACE)
    assert found is not None
    assert found.get("duration") == "4000"
