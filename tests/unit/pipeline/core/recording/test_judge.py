from fractions import Fraction

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.recording.judge import judge, runs, served
from pipeline.core.recording.spans import Span
from schemas.plan import MediaPlan, RungPlan
from schemas.timeline import RenditionTimeline, TimelineSegment
from schemas.vocabulary import VideoCodec
from tests.support.timelines import audio, segment, timeline, video

ALL = {MediaKind.VIDEO: [Span(0, 8_000)], MediaKind.AUDIO: [Span(20, 8_000)]}


def at(index: int, start_ms: int, *, init: str = "a", is_new: bool = False) -> TimelineSegment:
    made = segment(index, Fraction(2), key=f"t-1/x/{index:05d}.m4s", init_sha256=init * 64)
    return made.model_copy(update={"start_ms": start_ms, "is_discontinuous": is_new})


def rung(name: str, *segments: TimelineSegment, bitrate_bps: int = 1_000_000) -> RenditionTimeline:
    made = video(name, n=1, bitrate_bps=bitrate_bps)
    return made.model_copy(update={"segments": segments})


def sound(*segments: TimelineSegment) -> RenditionTimeline:
    return audio().model_copy(update={"segments": segments})


def wished(*heights_px: int) -> MediaPlan:
    rungs = tuple(
        RungPlan(
            name=f"{height}p",
            codec=VideoCodec.H264,
            width_px=height * 16 // 9,
            height_px=height,
            bitrate_bps=1,
            crf=20,
        )
        for height in heights_px
    )
    return MediaPlan(
        grid=None,
        rungs=rungs,
        chunks=(),
        segment_s=2,
        preset="fast",
        duration_s=Fraction(8),
        thumbnail_count=0,
        storyboard_interval_s=5,
        estimated_bytes=0,
        estimated_cpu_s=0,
        scratch_bytes=0,
    )


WHOLE = tuple(at(n, n * 2_000) for n in range(4))


def test_what_was_all_served_is_whole() -> None:
    judged = judge(timeline(rung("360p", *WHOLE), sound(*WHOLE)), ALL, wished(360))

    assert judged.faults == ()
    assert judged.runs == (Span(0, 8_000),)


def test_a_gap_nothing_was_sent_in_is_none() -> None:
    later = (at(0, 0), at(1, 2_000), at(2, 20_000, is_new=True))
    sent = {MediaKind.VIDEO: [Span(0, 4_100), Span(19_900, 22_000)]}

    judged = judge(timeline(rung("360p", *later)), sent, wished(360))

    assert judged.faults == ()
    assert judged.runs == (Span(0, 4_000), Span(20_000, 22_000))


def test_what_was_sent_and_not_served_is_a_fault() -> None:
    torn = (at(0, 0), at(1, 6_000, is_new=True))

    judged = judge(timeline(rung("360p", *torn), sound(*WHOLE)), ALL, wished(360))

    assert judged.faults == ("4.0 s of 360p were not served, the first from 2.0 s on.",)


def test_sound_that_was_not_served_is_a_fault_too() -> None:
    judged = judge(timeline(rung("360p", *WHOLE), sound(*WHOLE[:2])), ALL, wished(360))

    assert judged.faults == ("4.0 s of audio were not served, the first from 4.0 s on.",)


def test_copies_in_the_place_of_a_thinned_rung_are_a_fault() -> None:
    low = rung("240p", *(at(n, n * 2_000, init="b") for n in range(4)), bitrate_bps=500_000)
    high = rung("360p", *WHOLE[:2], at(2, 4_000, init="b"), at(3, 6_000, init="b"))

    judged = judge(timeline(high, low), ALL, wished(360, 240))

    assert judged.faults == ("2 segments of 360p are those of another rung.",)


def test_a_source_that_stands_for_the_rungs_below_it_is_no_copy() -> None:
    source = rung("360p", *WHOLE)
    low = rung("240p", at(0, 0, init="b"), *WHOLE[1:], bitrate_bps=500_000)

    judged = judge(timeline(source, low), ALL, wished(360, 240))

    assert judged.faults == ("3 segments of 240p are those of another rung.",)


def test_a_rung_left_out_is_a_fault() -> None:
    judged = judge(timeline(rung("360p", *WHOLE)), ALL, wished(360, 240))

    assert judged.faults == ("240p was not made while the broadcast was on.",)


def test_a_video_on_demand_has_no_clock() -> None:
    shown = timeline(video("360p"))

    assert served(shown.renditions[0]) == ()
    assert runs(shown) == ()
