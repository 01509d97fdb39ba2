"""The DASH manifest: the whole text once, then what differs."""

from datetime import UTC, datetime
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from pipeline.core import dash, measures
from pipeline.core.argv import encode
from pipeline.core.errors import NotFound
from schemas.timeline import Timeline
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
