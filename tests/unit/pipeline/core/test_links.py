"""What a signed address grants, and that nothing else does."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import links
from pipeline.core.errors import Forbidden
from pipeline.core.links import Link
from schemas.vocabulary import AssetId

KEY = links.key_of(b"s" * 32)
ASSET = AssetId("a1")
LINK = Link(expires_at_s=1_800_000_000, epoch=3, label="class-7_b")
TOKEN = links.sign(KEY, ASSET, LINK)
SIGNS = string.ascii_letters + string.digits + "-_."


def refused(token: str, *, key: bytes = KEY, asset: AssetId = ASSET) -> bool:
    try:
        links.read(key, asset, token)
    except Forbidden as error:
        return error.instance_code == "playback.link_invalid"
    return False


def test_what_was_signed_is_read_back() -> None:
    assert links.read(KEY, ASSET, TOKEN) == LINK


def test_a_token_is_of_one_asset_and_one_installation() -> None:
    assert refused(TOKEN, asset=AssetId("a2"))
    assert refused(TOKEN, key=links.key_of(b"t" * 32))


@pytest.mark.parametrize("at", range(len(TOKEN)))
def test_no_sign_of_a_token_may_change(at: int) -> None:
    others = [sign for sign in SIGNS if sign != TOKEN[at]]
    assert all(refused(f"{TOKEN[:at]}{sign}{TOKEN[at + 1 :]}") for sign in others)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "...",
        "~",
        TOKEN + "=",
        TOKEN + "\n",
        "0" + TOKEN,
        TOKEN[:-1],
        TOKEN + "A",
        "x" * 9999,
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token)


@given(
    st.integers(0, 10**12 - 1),
    st.integers(0, 10**9 - 1),
    st.text(string.ascii_letters + string.digits + "-_", max_size=64),
)
def test_every_link_survives_the_way(expires_at_s: int, epoch: int, label: str) -> None:
    link = Link(expires_at_s, epoch, label)
    assert links.read(KEY, ASSET, links.sign(KEY, ASSET, link)) == link


@pytest.mark.parametrize(
    ("now_s", "epoch", "code"),
    [
        (LINK.expires_at_s, 3, "playback.link_expired"),
        (LINK.expires_at_s + 1, 3, "playback.link_expired"),
        (LINK.expires_at_s - 1, 4, "playback.link_revoked"),
        (LINK.expires_at_s - 1, 2, "playback.link_revoked"),
    ],
)
def test_a_link_ends(now_s: int, epoch: int, code: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        links.check(LINK, now_s=now_s, epoch=epoch)
    assert refusal.value.instance_code == code


def test_a_link_holds_until_its_second() -> None:
    links.check(LINK, now_s=LINK.expires_at_s - 0.001, epoch=3)


@pytest.mark.parametrize(
    ("path", "token", "rest"),
    [
        ("master.m3u8", None, "master.m3u8"),
        ("t-1/180p/0.m4s", None, "t-1/180p/0.m4s"),
        ("~tok/master.m3u8", "tok", "master.m3u8"),
        ("~tok/t-1/180p/0.m4s", "tok", "t-1/180p/0.m4s"),
        ("~/x", "", "x"),
        ("~tok", "tok", ""),
    ],
)
def test_a_token_stands_in_front(path: str, token: str | None, rest: str) -> None:
    assert links.split(path) == (token, rest)


def test_logs_see_no_token() -> None:
    logged = links.unsigned(f"/media/a1/~{TOKEN}/t-1/x.m4s")

    assert logged == "/media/a1/~…/t-1/x.m4s"
    assert links.unsigned(f"/watch/a1/~{TOKEN}") == "/watch/a1/~…"
