"""Pieces whose first picture is said to come too early, and whose last one too short."""

from dataclasses import replace
from fractions import Fraction

from pipeline.core.fmp4 import read_init, read_samples
from pipeline.core.fragments import Frame, avc_init, fragment
from pipeline.core.live.retiming import retimed

INIT = read_init(avc_init(b"\x01\x42\xc0\x1e\xff\xe0\x00", (320, 180), 1000))


def piece(start_ms: int, *lengths_ms: int, shift_ms: int = 0) -> bytes:
    frames = [Frame(ms, shift_ms, n == 0, bytes([n]) * 9) for n, ms in enumerate(lengths_ms)]
    return fragment(7, start_ms, frames)


def shown_ms(data: bytes) -> list[tuple[int, int]]:
    return [(one.present_ticks, one.duration_ticks) for one in read_samples(data, INIT)]


def test_what_is_right_stays_as_it_is() -> None:
    data = piece(2000, 40, 40, 40)
    assert retimed(data, INIT, Fraction(2), Fraction(53, 25)) is data
    assert retimed(data, INIT, None, None) is data


def test_a_first_picture_behind_a_hole_is_shown_when_it_comes() -> None:
    # It comes at 7 s; the one behind it knows that.
    data = piece(2000, 5040, 40)
    right = retimed(data, INIT, Fraction(7), Fraction(708, 100))
    assert shown_ms(right) == [(7000, 40), (7040, 40)]
    assert [one.is_sync for one in read_samples(right, INIT)] == [True, False]
    assert right.endswith(bytes(9) + b"\x01" * 9)


def test_a_last_picture_before_a_hole_stands_till_its_end() -> None:
    right = retimed(piece(2000, 40, 40), INIT, Fraction(2), Fraction(7))
    assert shown_ms(right) == [(2000, 40), (2040, 4960)]


def test_one_picture_alone_is_moved_and_stands() -> None:
    right = retimed(piece(2000, 40, shift_ms=80), INIT, Fraction(7), Fraction(8))
    assert shown_ms(right) == [(7000, 1000)]


def test_what_cannot_be_stays_as_it_is() -> None:
    data = piece(2000, 40, 40)
    assert retimed(data, INIT, Fraction(3), None) is data


def test_what_the_edit_list_takes_off_is_put_on() -> None:
    edited = replace(INIT, edit_ticks=80)
    data = fragment(1, 2000, [Frame(40, 80, n == 0, b"x") for n in range(2)])
    found = read_samples(retimed(data, edited, Fraction(403, 200), None), edited)
    assert [(one.decode_ticks, one.present_ticks) for one in found] == [(1935, 2015), (1960, 2040)]


def test_pictures_that_are_decoded_in_another_order_keep_it() -> None:
    # I P B: the first comes at 2.2 s, and the others wait for it to be decoded.
    frames = [Frame(40, 80, True, b"i"), Frame(40, 400, False, b"p"), Frame(40, 200, False, b"b")]
    right = retimed(fragment(1, 2000, frames), INIT, Fraction(11, 5), Fraction(3))
    found = read_samples(right, INIT)
    assert [one.decode_ticks for one in found] == [2000, 2040, 2080]
    assert [one.present_ticks for one in found] == [2200, 2440, 2280]
