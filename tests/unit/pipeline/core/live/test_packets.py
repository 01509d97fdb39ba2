import pytest

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.core.live.packets import read


def picture(shift_ms: int) -> Tag:
    head = b"\x17\x01" + shift_ms.to_bytes(3, "big", signed=True)
    return Tag(MediaKind.VIDEO, 1_000, head + b"slice")


@pytest.mark.parametrize("shift_ms", [-80, 0, 4_000])
def test_a_picture_is_shown_so_much_later_than_decoded(shift_ms: int) -> None:
    packet = read(picture(shift_ms))

    assert packet is not None
    assert (packet.decode_ms, packet.present_ms) == (1_000, 1_000 + shift_ms)


@pytest.mark.parametrize("shift_ms", [600_000, -600_000])
def test_a_picture_shown_far_from_where_it_is_decoded_is_damaged(shift_ms: int) -> None:
    # Held until then on a grid of 25 pictures a second, it would be 15,000 of them.
    assert read(picture(shift_ms)) is None
