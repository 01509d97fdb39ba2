"""Which addresses of services are taken."""

import pytest

from pipeline.core.addresses import checked_host_port, checked_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://reelmill:p%40ss%2Fword@db.internal:5432/reelmill?sslmode=require",
        "postgresql+psycopg:///reelmill?host=/var/run/postgresql",
        "sqlite:////srv/reel@mill/a:b.db",
        "postgresql://[::1]:5432/reelmill",
    ],
)
def test_addresses_that_libraries_understand_are_taken(url: str) -> None:
    assert checked_url(url, ("postgresql", "sqlite")) == url


@pytest.mark.parametrize("text", ["", "localhost", "s3.internal:8333", "[::1]:8333", "10.0.0.1:80"])
def test_a_host_may_have_a_port(text: str) -> None:
    assert checked_host_port(text) == text


@pytest.mark.parametrize("text", ["https://s3", "s3/bucket", "key:secret@s3", "s3:port", " s3"])
def test_more_than_a_host_and_a_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be host:port"):
        checked_host_port(text)
