"""What goes on to a server that may be too slow for it."""

from ingest.rtmp.restream.feed import Feed
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.core.live.marks import Break, mark

HEADER, KEY, NEXT = b"\x17\x00h", b"\x17\x01k", b"\x27\x01n"
SOUND_HEADER, SOUND = b"\xaf\x00h", b"\xaf\x01s"
FULL = 1001


def feed() -> Feed:
    made = Feed(max_unsent_bytes=1000)
    list(made.take(tags.header(), 0))
    return made


def take(to: Feed, ms: int, payload: bytes, unsent_bytes: int = 0) -> list[Tag]:
    kind = MediaKind.AUDIO if payload[0] == 0xAF else MediaKind.VIDEO
    return list(to.take(tags.tag(kind, ms, payload), unsent_bytes))


def test_the_clock_begins_at_nothing() -> None:
    to = feed()

    times = [take(to, ms, KEY)[0].timestamp_ms for ms in (5000, 5000, 5040, 4990)]

    assert times == [0, 0, 40, 0xFFFFFFFF - 9]


def test_the_clock_goes_on_where_flv_starts_again() -> None:
    to = feed()
    take(to, 0xFFFFFFF0, KEY)

    assert take(to, 0x10, NEXT)[0].timestamp_ms == 0x20


def test_a_full_target_misses_everything_up_to_a_keyframe_that_finds_room() -> None:
    to = feed()
    came = [
        take(to, 0, KEY),
        take(to, 1, NEXT, FULL),
        take(to, 2, KEY, 900),
        take(to, 3, SOUND, 100),
        take(to, 4, NEXT, 100),
        take(to, 5, KEY, 100),
        take(to, 6, SOUND, 100),
        take(to, 7, NEXT, 900),
    ]

    assert [bool(one) for one in came] == [True, False, False, False, False, True, True, True]
    assert to.n_dropped == 4


def test_headers_and_metadata_always_go_on() -> None:
    to = feed()
    take(to, 0, KEY)
    take(to, 1, NEXT, FULL)

    assert take(to, 2, HEADER, FULL)
    assert take(to, 2, SOUND_HEADER, FULL)
    assert list(to.take(tags.tag(MediaKind.DATA, 2, b"\x02\x00\x0aonMetaData"), FULL))
    assert to.n_dropped == 1


def test_sound_alone_goes_on_as_soon_as_there_is_room() -> None:
    to = feed()

    came = [bool(take(to, n, SOUND, unsent)) for n, unsent in enumerate((0, FULL, 900, 400, 900))]

    assert came == [True, False, False, True, True]


def test_marks_between_our_own_processes_stay_here() -> None:
    told = tags.tag(MediaKind.DATA, 1, mark(Break.RETURN, epoch=2))

    assert list(feed().take(told, 0)) == []


def test_bytes_may_be_cut_anywhere() -> None:
    to, data = Feed(), tags.header() + tags.tag(MediaKind.VIDEO, 7, KEY) * 2

    found = [tag for at in range(len(data)) for tag in to.take(data[at : at + 1], 0)]

    assert [tag.payload for tag in found] == [KEY, KEY]
