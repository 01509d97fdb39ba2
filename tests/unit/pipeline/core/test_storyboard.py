"""Cues, tiles and sprites."""

from fractions import Fraction

import pytest

from pipeline.core.storyboard import (
    Board,
    are_on_time,
    can_use_keyframes,
    poster_keyframe_s,
    tile_size,
    useful_tiles,
    vtt,
)


def test_cues_name_tile_after_tile_over_several_sprites() -> None:
    board = Board(n_tiles=102, interval_s=10, tile_width_px=160, tile_height_px=90)

    text = vtt(board, ["t-1/sprite-0.jpg", "t-1/sprite-1.jpg"], duration_s=Fraction(10155, 10))

    cues = text.split("\n\n")[1:]
    assert cues[0] == "00:00:00.000 --> 00:00:10.000\nt-1/sprite-0.jpg#xywh=0,0,160,90"
    assert cues[11] == "00:01:50.000 --> 00:02:00.000\nt-1/sprite-0.jpg#xywh=160,90,160,90"
    assert cues[101].strip() == (
        "00:16:50.000 --> 00:16:55.500\nt-1/sprite-1.jpg#xywh=160,0,160,90"
    )
    assert text.startswith("WEBVTT\n\n")


def test_cues_follow_the_time_of_players_who_are_not_shown_a_gap() -> None:
    board = Board(n_tiles=3, interval_s=10, tile_width_px=160, tile_height_px=90)
    shown_s = [(Fraction(0), Fraction(8)), (Fraction(24), Fraction(29))]

    text = vtt(board, ["s.jpg"], duration_s=Fraction(29), shown_s=shown_s)

    assert text.split("\n\n")[1:] == [
        "00:00:00.000 --> 00:00:08.000\ns.jpg#xywh=0,0,160,90",
        "00:00:08.000 --> 00:00:13.000\ns.jpg#xywh=320,0,160,90\n",
    ]


def test_a_short_board_is_no_larger_than_its_tiles() -> None:
    assert (Board(7, 10, 160, 90).columns, Board(7, 10, 160, 90).rows) == (7, 1)
    assert (Board(23, 10, 160, 90).columns, Board(23, 10, 160, 90).rows) == (10, 3)


def test_a_sliver_at_the_end_gets_no_tile() -> None:
    assert useful_tiles(9, Fraction("8.011"), 1) == 8
    assert useful_tiles(9, Fraction("8.5"), 1) == 9
    assert useful_tiles(3, Fraction(60), 10) == 3
    assert useful_tiles(1, Fraction("0.1"), 10) == 1


@pytest.mark.parametrize(
    ("shown", "tile"), [((1920, 1080), (160, 90)), ((1080, 1920), (90, 160)), ((9, 3000), (2, 160))]
)
def test_tiles_keep_the_shape(shown: tuple[int, int], tile: tuple[int, int]) -> None:
    assert tile_size(*shown) == tile


@pytest.mark.parametrize(
    ("keyframes_s", "duration_s", "expected"),
    [
        ([1.4, 3.4, 5.4, 7.4], 8.0, True),
        ([1.4, 9.0], 8.0, False),
        ([], 8.0, False),
        # One tile lacks a keyframe of its own.
        ([1.4, 6.4, 7.4], 8.0, False),
        # Hours long: late tiles rather than decoding everything.
        ([1.4 + 30 * at for at in range(300)], 9000.0, True),
    ],
)
def test_keyframes_are_enough_where_each_tile_has_one(
    keyframes_s: list[float],
    duration_s: float,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    answer = can_use_keyframes(keyframes_s, start_s=1.4, duration_s=duration_s, interval_s=2)

    assert answer is expected


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        ([0.0, 2.0, 4.3], True),
        # A clock of milliseconds rounds.
        ([0.001, 2.0, 4.301], True),
        # Earlier than the first known one: of a long source only a sample is known.
        ([0.0, 2.0, 4.1], True),
        # The decoder kept the first picture back.
        ([1.0, 2.0, 4.3], False),
        ([0.0, 4.3], False),
        ([], False),
    ],
)
def test_tiles_are_on_time_where_none_is_later_than_its_first_keyframe(
    times_s: list[float],
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    keyframes_s = [1.4, 2.4, 3.4, 5.7, 6.4]

    assert are_on_time(times_s, keyframes_s, start_s=1.4, interval_s=2) is expected


@pytest.mark.parametrize(("at_s", "expected"), [(9.0, 8.0), (10.5, 12.0), (2.0, None)])
def test_a_poster_is_the_nearest_keyframe_within_reach(at_s: float, expected: float | None) -> None:
    assert poster_keyframe_s((4.0, 8.0, 12.0), at_s=at_s, reach_s=1.5) == expected
