import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import OutputInvalid
from pipeline.core.fmp4 import Sample, boxes, find, read_init, read_samples
from tests.support.boxes import box, init_segment, media_segment

AVC = box("avcC", bytes.fromhex("0164001f"))


def test_an_init_segment_tells_clock_size_and_edit() -> None:
    init = read_init(init_segment("avc1", AVC, edit_ticks=2002))

    assert (init.timescale, init.width_px, init.height_px) == (30_000, 320, 180)
    assert (init.entry, init.config) == ("avc1", {"avcC": bytes.fromhex("0164001f")})
    assert init.edit_ticks == 2002


def test_samples_have_the_edit_taken_off() -> None:
    init = read_init(init_segment("avc1", AVC, edit_ticks=2002))

    samples = read_samples(media_segment(300_000, [(50, 2002), (9, 4004), (7, 0)]), init)

    assert samples == (
        Sample(297_998, 300_000, 1001, 50, is_sync=True),
        Sample(298_999, 303_003, 1001, 9, is_sync=False),
        Sample(300_000, 300_000, 1001, 7, is_sync=False),
    )


def test_two_edits_are_refused() -> None:
    data = init_segment("avc1", AVC)
    count_at = data.index(b"elst") + 8

    with pytest.raises(OutputInvalid, match="2 edits"):
        read_init(data[:count_at] + (2).to_bytes(4, "big") + data[count_at + 4 :])


def test_an_index_that_promises_more_than_there_is_is_refused() -> None:
    init = read_init(init_segment("avc1", AVC))

    with pytest.raises(OutputInvalid, match="49 bytes"):
        read_samples(media_segment(0, [(50, 0)], lost_bytes=1), init)


@given(st.integers(min_value=1, max_value=10_000))
def test_a_segment_cut_off_anywhere_is_refused_or_empty(cut: int) -> None:
    data = media_segment(0, [(50, 0), (9, 0)])
    init = read_init(init_segment("avc1", AVC))
    kept = data[: max(0, len(data) - cut)]

    try:
        samples = read_samples(kept, init)
    except OutputInvalid:
        return

    # Cut exactly before the fragment, so there is nothing wrong with what is left.
    assert samples == ()


@given(st.integers(min_value=1, max_value=10_000))
def test_an_init_segment_cut_off_anywhere_is_refused(cut: int) -> None:
    data = init_segment("avc1", AVC)

    with pytest.raises(OutputInvalid):
        read_init(data[: max(0, len(data) - cut)])


@given(st.binary(max_size=400))
def test_noise_never_raises_anything_else(noise: bytes) -> None:
    init = read_init(init_segment("avc1", AVC))
    for read in (read_init, lambda data: read_samples(data, init)):
        try:
            read(noise)
        except OutputInvalid:
            continue


def test_sixty_four_bit_sizes_are_read() -> None:
    data = (1).to_bytes(4, "big") + b"mdat" + (18).to_bytes(8, "big") + b"xy"

    (found,) = boxes(data)

    assert data[found.start : found.end] == b"xy"


def test_a_missing_box_is_named() -> None:
    with pytest.raises(OutputInvalid, match="moov/trak"):
        find(box("moov"), b"moov", b"trak")
