from collections.abc import Iterator

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from tests.support.made_tags import AUDIO_HEADER, VIDEO_HEADER, picture
from workers.steps.live.opening import Headers, Opening
from workers.steps.live.source import held_bytes

MOST_BYTES = 40 * 2**20


def headers() -> Headers:
    known = Headers()
    known.keep(Tag(MediaKind.VIDEO, 0, VIDEO_HEADER))
    known.keep(Tag(MediaKind.AUDIO, 0, AUDIO_HEADER))
    return known


def sounds(n_tags: int) -> Iterator[Tag]:
    return (Tag(MediaKind.AUDIO, n * 20, b"\xaf\x01" + bytes(2**18)) for n in range(n_tags))


def n_held_bytes(opening: Opening) -> int:
    return sum(map(held_bytes, opening.heard))


def test_sound_that_waits_for_a_picture_does_not_fill_the_memory() -> None:
    opening = Opening(headers(), 2, needs_picture=True)

    for tag in sounds(300):
        opening.add(tag)

    assert opening.shape(is_over=False) is None
    assert n_held_bytes(opening) < MOST_BYTES
    # The newest is what belongs to the picture that comes.
    assert opening.heard[-1].timestamp_ms == 299 * 20


def test_pictures_that_tell_no_time_are_taken_as_they_are() -> None:
    opening = Opening(headers(), 2, needs_picture=True)
    shape, n_tags = None, 0

    while shape is None:
        payload = picture(n_tags, is_keyframe=n_tags == 0, n_bytes=2**20)
        opening.add(Tag(MediaKind.VIDEO, 0, payload))
        shape, n_tags = opening.shape(is_over=False), n_tags + 1
        assert n_held_bytes(opening) < MOST_BYTES

    assert shape.video is not None
