"""HLS text: whole playlists for the ordinary case, then what must hold for all."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import hls
from pipeline.core.errors import NotFound
from pipeline.core.iframes import ByteRange
from schemas.vocabulary import VideoRange
from tests.support.timelines import audio, segment, timeline, video


def test_a_growing_playlist_begins_at_the_start_and_has_no_end() -> None:
    text = hls.media(timeline(video(n=2), audio(n=9)), "720p")

    assert text == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:6\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:EVENT\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n"
        '#EXT-X-MAP:URI="c0-1/720p/init.mp4"\n'
        "#EXTINF:4.004000,\n"
        "c0-1/720p/00000.m4s\n"
        "#EXTINF:4.004000,\n"
        "c0-1/720p/00001.m4s\n"
    )


def test_an_ended_playlist_says_so() -> None:
    text = hls.media(timeline(video(n=2), audio(n=2), is_ended=True), "audio", is_whole=True)

    assert "#EXT-X-PLAYLIST-TYPE:VOD\n" in text
    assert "EXT-X-START" not in text
    assert text.endswith("sound-2/audio/00001.m4s\n#EXT-X-ENDLIST\n")


def test_the_master_playlist_of_a_finished_asset() -> None:
    low = video("360p", size_bytes=200_000, bitrate_bps=800_000)
    high = video("1080p", size_bytes=900_000, bitrate_bps=5_000_000)
    text = hls.master(timeline(high, video(), low, audio(), is_ended=True), is_whole=True)

    assert text == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="한국어",LANGUAGE="ko",'
        'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=1127344,AVERAGE-BANDWIDTH=1127115,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,'
        'AUDIO="audio",CLOSED-CAPTIONS=NONE\n'
        "720p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1926545,AVERAGE-BANDWIDTH=1926316,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,'
        'AUDIO="audio",CLOSED-CAPTIONS=NONE\n'
        "1080p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=527944,AVERAGE-BANDWIDTH=527715,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,'
        'AUDIO="audio",CLOSED-CAPTIONS=NONE\n'
        "360p.m3u8\n"
    )


def test_a_growing_master_never_announces_less_than_will_come() -> None:
    growing = hls.master(timeline(video(n=1, size_bytes=10_000), audio(n=1)))

    assert "BANDWIDTH=3942000,AVERAGE-BANDWIDTH=2628000," in growing


def test_sound_alone_is_a_variant_itself() -> None:
    text = hls.master(timeline(audio(), is_ended=True))

    assert "EXT-X-MEDIA" not in text
    assert text.endswith('CODECS="mp4a.40.2"\naudio.m3u8\n')


def test_picture_alone_has_no_sound_group() -> None:
    text = hls.master(timeline(video(), is_ended=True))

    assert "AUDIO" not in text
    assert 'CODECS="avc1.64001f"' in text


def test_a_changed_init_segment_is_a_discontinuity_and_an_equal_one_elsewhere_is_not() -> None:
    rung = video(n=6)
    changed = rung.segments[4].model_copy(update={"init_sha256": "b" * 64})
    rung = rung.model_copy(update={"segments": (*rung.segments[:4], changed)})
    text = hls.media(timeline(rung), "720p")

    assert text.count("#EXT-X-MAP:") == 2
    assert (
        "c1-1/720p/00003.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        '#EXT-X-MAP:URI="c1-1/720p/init.mp4"\n'
        "#EXTINF:4.004000,\n"
        "c1-1/720p/00004.m4s\n"
    ) in text


def test_iframes_are_byte_ranges_of_the_same_segments() -> None:
    whole = timeline(video(n=2), audio(n=2), is_ended=True)
    frames = [ByteRange(76, 9000), ByteRange(76, 12000)]
    text = hls.iframes(whole, "720p", frames)
    master = hls.master(whole, keyframes={"720p": frames}, is_whole=True)

    assert "#EXT-X-I-FRAMES-ONLY\n" in text
    assert "#EXTINF:4.004000,\n#EXT-X-BYTERANGE:9000@76\nc0-1/720p/00000.m4s\n" in text
    assert master.endswith(
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=23977,AVERAGE-BANDWIDTH=20980,"
        'CODECS="avc1.64001f",RESOLUTION=1280x720,URI="720p.iframes.m3u8"\n'
    )


def test_nothing_is_listed_before_every_rendition_has_begun() -> None:
    with pytest.raises(NotFound):
        hls.master(timeline(video(n=2), audio(n=0)))
    with pytest.raises(NotFound):
        hls.media(timeline(video(n=2), audio(n=2)), "480p")


def test_sound_far_ahead_is_held_back_unless_the_job_is_whole() -> None:
    ahead = timeline(video(n=2), audio(n=9), is_ended=True)

    assert hls.media(ahead, "audio").count("#EXTINF") == 3
    assert hls.media(ahead, "audio", is_whole=True).count("#EXTINF") == 9


@pytest.mark.parametrize(
    "language", ['"\n#EXT-X-KEY', "und", "x" * 300, "abc-12345678-1234567", "en_US", None]
)
def test_a_language_nobody_can_use_is_left_out(language: str | None) -> None:
    text = hls.master(timeline(video(), audio(language=language), is_ended=True))

    assert "LANGUAGE" not in text
    assert 'NAME="Main"' in text


@given(n_video=st.integers(1, 40), n_audio=st.integers(1, 40), more=st.integers(0, 20))
def test_a_growing_playlist_only_ever_gets_longer(n_video: int, n_audio: int, more: int) -> None:
    before = timeline(video(n=n_video), audio(n=n_audio))
    after = timeline(video(n=n_video + more), audio(n=n_audio + more))

    for name in ("720p", "audio"):
        assert hls.media(after, name).startswith(hls.media(before, name))


def test_lengths_add_up_over_ten_hours() -> None:
    third = Fraction(4) + Fraction(1, 3_000_000)
    segments = tuple(segment(k, third, key=f"c0-1/720p/{k}.m4s") for k in range(9000))
    rung = video().model_copy(update={"segments": segments})
    text = hls.media(timeline(rung, is_ended=True), "720p")

    lengths = [Decimal(line[8:-1]) for line in text.splitlines() if line.startswith("#EXTINF")]
    assert abs(sum(lengths) - Decimal("36000.003")) < Decimal("0.000001")


def test_the_target_duration_bounds_frames_longer_than_a_segment() -> None:
    slides = video(frames=1, rate=Fraction(1, 7))

    assert "#EXT-X-TARGETDURATION:7\n" in hls.media(timeline(slides), "720p")


def test_a_short_last_segment_does_not_raise_the_peak() -> None:
    rung = video(n=3)
    last = segment(3, Fraction(1, 30), key="c1-1/720p/3.m4s", size_bytes=100_000)
    rung = rung.model_copy(update={"segments": (*rung.segments, last)})
    text = hls.master(timeline(rung, is_ended=True))

    assert "BANDWIDTH=1188904," in text


def test_hdr_is_announced_with_every_variant() -> None:
    hdr = video().model_copy(update={"video_range": VideoRange.HLG, "codecs": "hvc1.2.4.L93.90"})
    frames = [ByteRange(offset=0, length=100)] * len(hdr.segments)

    text = hls.master(timeline(hdr, is_ended=True), keyframes={hdr.name: frames})

    assert text.count("VIDEO-RANGE=HLG") == 2
    assert "VIDEO-RANGE" not in hls.master(timeline(video(), is_ended=True))


def test_a_broadcast_says_when_its_pictures_were_taken_and_where_it_broke_off() -> None:
    shown = video(n=3)
    segments = tuple(
        each.model_copy(update={"start_ms": start_ms, "is_discontinuous": start_ms != 2_000})
        for each, start_ms in zip(shown.segments, (0, 2_000, 31_250), strict=True)
    )
    opened_at = datetime(2026, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    made = timeline(shown.model_copy(update={"segments": segments}))

    text = hls.media(made.model_copy(update={"opened_at": opened_at}), "720p")

    # What begins the playlist breaks off from nothing.
    assert text.partition("PRECISE=YES\n")[2] == (
        '#EXT-X-MAP:URI="c0-1/720p/init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:05:06.789Z\n"
        "#EXTINF:4.004000,\n"
        "c0-1/720p/00000.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:05:08.789Z\n"
        "#EXTINF:4.004000,\n"
        "c0-1/720p/00001.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:05:38.039Z\n"
        "#EXTINF:4.004000,\n"
        "c0-1/720p/00002.m4s\n"
    )
