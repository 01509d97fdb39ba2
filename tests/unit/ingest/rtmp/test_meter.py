"""What comes is measured: codecs, size, rates, gaps and how the clock keeps time."""

from ingest.rtmp.entry import Entry
from ingest.rtmp.meter import Meter
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from tests.support.made_tags import broadcast


def take(meter: Meter, tag: Tag, *, now_s: float) -> None:
    meter.note(Entry.of(tag.kind, tag.timestamp_ms, tag.payload))
    meter.count(len(tag.payload), now_s=now_s)


def test_a_broadcast_in_numbers() -> None:
    meter = Meter(5000, now_s=100.0)
    for tag in broadcast(seconds=10, begin_ms=5000, gop=50, n_bytes=1000):
        at_s = 100 + (tag.timestamp_ms - 5000) / 1000 * 1.01
        take(meter, tag, now_s=at_s)

    facts = meter.facts(now_s=110.0)

    assert (facts["video_codec"], facts["audio_codec"]) == ("h264", "aac")
    assert facts["frame_rate"] == 25.0
    assert facts["keyframe_interval_s"] == 2.0
    assert facts["dropped_frames"] == 0
    # A thousand bytes and some of sound, 25 times a second.
    assert 200_000 < facts["bitrate_bps"] < 220_000
    assert facts["drift_ms"] == -40


def test_frames_that_are_missing_are_counted() -> None:
    meter = Meter(0, now_s=0.0)
    tags = [tag for tag in broadcast(seconds=4) if not 1000 < tag.timestamp_ms <= 1400]
    for tag in tags:
        take(meter, tag, now_s=tag.timestamp_ms / 1000)

    assert meter.facts(now_s=4.0)["dropped_frames"] == 10


def test_nothing_is_told_of_what_is_not_known() -> None:
    meter = Meter(0, now_s=0.0)
    take(meter, Tag(MediaKind.AUDIO, 0, b"\x2f\xff"), now_s=0.0)

    facts = meter.facts(now_s=1.0)

    assert facts["audio_codec"] == "mp3"
    assert "video_codec" not in facts
    assert "frame_rate" not in facts
