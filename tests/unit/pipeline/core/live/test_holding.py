from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_keyframe
from pipeline.core.flv.tags import Tag
from pipeline.core.live.holding import Holding
from tests.support.made_tags import picture, sound


def key(at_ms: int) -> Tag:
    return Tag(MediaKind.VIDEO, at_ms, picture(at_ms, is_keyframe=True))


def other(at_ms: int) -> Tag:
    return Tag(MediaKind.VIDEO, at_ms, picture(at_ms))


def sounds(from_ms: int, until_ms: int) -> list[Tag]:
    return [Tag(MediaKind.AUDIO, ms, sound(ms)) for ms in range(from_ms, until_ms, 20)]


def passed(*tags: Tag) -> list[Tag]:
    holding = Holding()
    return [each for tag in tags for each in holding.passed(tag)]


def test_what_comes_together_is_left_alone() -> None:
    tags = sorted([key(0), *map(other, range(40, 9_000, 40)), *sounds(0, 9_000)], key=_at)

    assert passed(*tags) == tags


def test_the_last_keyframe_comes_again_while_sound_is_alone() -> None:
    made = passed(key(0), other(40), *sounds(0, 8_000))

    repeated = [tag.timestamp_ms for tag in made if is_keyframe(tag.kind, tag.payload)]
    assert repeated == [0, *range(2_500, 6_500, 400)]
    assert {tag.payload for tag in made if is_keyframe(tag.kind, tag.payload)} == {key(0).payload}


def test_pictures_without_their_keyframe_are_left_out_until_the_next_one() -> None:
    back = [other(8_000), other(8_040), key(8_080), other(8_120)]

    assert passed(key(0), *sounds(0, 8_000), *back)[-2:] == back[-2:]


def test_what_stopped_together_holds_nothing() -> None:
    tags = [key(0), *sounds(0, 1_000), *sounds(9_000, 9_400), other(9_000), *sounds(9_400, 12_000)]

    assert passed(*tags) == tags


def test_before_the_first_picture_there_is_nothing_to_hold() -> None:
    tags = sounds(0, 9_000)

    assert passed(*tags) == tags


def _at(tag: Tag) -> int:
    return tag.timestamp_ms
