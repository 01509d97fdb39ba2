"""Facts of a row are read one by one: a wrong one is unknown, the others count."""

from pipeline.core.stream_facts import door_facts, ladder_facts
from schemas.stream_stats import DoorFacts, LadderFacts


def test_what_is_told_is_read() -> None:
    told = {"video_codec": "h264", "width_px": 1280, "frame_rate": 29.97, "bitrate_bps": 2500000}

    assert door_facts({**told, "clock_ms": 4000}) == DoorFacts(**told)  # type: ignore[arg-type]
    assert door_facts({}) == DoorFacts()
    assert ladder_facts({"ladder_speed": 1.5, "thinned": ["720p"]}) == LadderFacts(
        ladder_speed=1.5, thinned=("720p",)
    )


def test_a_wrong_fact_is_unknown_and_costs_no_other() -> None:
    found = door_facts({"frame_rate": "fast", "drift_ms": float("nan"), "width_px": 640})

    assert found == DoorFacts(width_px=640)
    assert ladder_facts({"thinned": [None], "lag_ms": 3}) == LadderFacts(lag_ms=3)
