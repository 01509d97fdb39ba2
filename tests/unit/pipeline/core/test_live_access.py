"""The token of a session reads that session, and is made with the installation's secret."""

from pipeline.core.live_access import is_valid, token
from schemas.streams import SessionId

_OURS, _OTHER = SessionId("a" * 32), SessionId("b" * 32)
_SECRET = b"s" * 32


def test_a_token_reads_its_own_session() -> None:
    assert is_valid(_SECRET, _OURS, token(_SECRET, _OURS))


def test_it_reads_no_other_and_no_other_house() -> None:
    shown = token(_SECRET, _OURS)

    assert not is_valid(_SECRET, _OTHER, shown)
    assert not is_valid(b"t" * 32, _OURS, shown)
    assert not is_valid(_SECRET, _OURS, shown[:-1])
    assert not is_valid(_SECRET, _OURS, "")
    assert not is_valid(_SECRET, _OURS, "é")
