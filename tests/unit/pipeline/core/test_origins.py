"""Who counts as an origin, and which are let in."""

import pytest

from pipeline.core.origins import is_allowed, is_origin, parsed

ALLOWED = frozenset({"https://app.example", "http://localhost:3000"})


@pytest.mark.parametrize(
    ("origin", "own_host"),
    [
        ("https://app.example", "media.example"),
        ("http://localhost:3000", "media.example"),
        ("https://media.example", "media.example"),
        ("https://media.example", "Media.Example:443"),
        ("http://media.example:8080", "media.example:8080"),
        # A proxy in between may speak TLS for us.
        ("https://media.example:8080", "media.example:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_our_own_and_listed_pages_may(origin: str, own_host: str) -> None:
    assert is_allowed(origin, own_host=own_host, allowed=ALLOWED)


@pytest.mark.parametrize(
    "text", ["*", "null", "https://app.example/", "app.example", "https://*.example", "ftp://a"]
)
def test_a_list_takes_origins_alone(text: str) -> None:
    with pytest.raises(ValueError, match="no origin"):
        parsed(f"https://app.example, {text}")


def test_a_list_may_be_written_with_commas_or_spaces() -> None:
    assert parsed("https://a.example, https://b.example:8443 http://c") == (
        "https://a.example",
        "https://b.example:8443",
        "http://c",
    )
    assert parsed("") == ()


def test_an_origin_has_no_more_than_scheme_host_and_port() -> None:
    assert is_origin("https://a-b.example:8443")
    assert not is_origin("https://a.example?x")
    assert not is_origin("https://user@a.example")
