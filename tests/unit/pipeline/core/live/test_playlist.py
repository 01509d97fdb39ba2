from datetime import UTC, datetime
from fractions import Fraction

import pytest

from pipeline.core.errors import NotFound
from pipeline.core.live import playlist
from schemas.timeline import Timeline
from tests.support.timelines import segment, timeline, video

OPENED_AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def window(*, first: int = 40, broken: tuple[int, ...] = (), **changes: object) -> Timeline:
    """Three segments of two seconds, from one number on."""
    segments = tuple(
        segment(index, Fraction(2), key=f"t-1/720p/{index:05d}.m4s").model_copy(
            update={"start_ms": index * 2000, "is_discontinuous": index in broken}
        )
        for index in range(first, first + 3)
    )
    shown = video().model_copy(update={"segments": segments})
    made = timeline(shown)
    return made.model_copy(update={"segment_s": 2, "opened_at": OPENED_AT, **changes})


def test_a_window_has_its_numbers_and_addresses_below_the_asset() -> None:
    text = playlist.media(window(broken=(40, 42)), "720p", base="/media/a1", n_breaks=3)

    # Twice as many as two seconds fit since the epoch of numbers, and the first segment's own.
    number = int((OPENED_AT - datetime(2020, 1, 1, tzinfo=UTC)).total_seconds()) + 40
    assert text == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:2\n"
        f"#EXT-X-MEDIA-SEQUENCE:{number}\n"
        "#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="/media/a1/t-1/720p/init.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:06:26.000Z\n"
        "#EXTINF:2.000000,\n"
        "/media/a1/t-1/720p/00040.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:06:28.000Z\n"
        "#EXTINF:2.000000,\n"
        "/media/a1/t-1/720p/00041.m4s\n"
        "#EXT-X-DISCONTINUITY\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:06:30.000Z\n"
        "#EXTINF:2.000000,\n"
        "/media/a1/t-1/720p/00042.m4s\n"
    )


def test_what_is_over_has_an_end() -> None:
    text = playlist.media(window(is_ended=True), "720p", base="/media/a1", n_breaks=0)

    assert text.endswith("00042.m4s\n#EXT-X-ENDLIST\n")


def test_numbers_rise_over_broadcasts_however_short_segments_were() -> None:
    # An hour of segments of a second, where two were meant.
    last = playlist.first_number(window()) + 3600
    later = window(opened_at=OPENED_AT.replace(hour=5, minute=5, second=7))

    assert playlist.first_number(later) > last


def test_keys_say_the_number_a_segment_was_encrypted_with() -> None:
    text = playlist.media(window(is_encrypted=True), "720p", base="/media/a1", n_breaks=0)

    assert f"IV=0x{40:032x}" in text
    assert text.count("METHOD=AES-128") == 3


def test_an_unknown_rendition_is_not_there() -> None:
    with pytest.raises(NotFound):
        playlist.media(window(), "4k", base="/media/a1", n_breaks=0)


@pytest.mark.parametrize(
    ("window_s", "n_segments"),
    [(0, 6), (12, 6), (13, 7), (1800, 900), (playlist.LONGEST_S, 21_600)],
)
def test_a_window_holds_what_was_asked_for_and_what_players_need(
    window_s: int, n_segments: int
) -> None:
    assert playlist.window(window_s, 2) == n_segments
