"""Servers the operator gives the tests, where they may not start their own."""

from urllib.parse import unquote, urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.seaweed import S3Address


class GivenServers(BaseSettings):
    """Addresses from the environment; empty means: start a private one.

    The account of ``REELMILL_TEST_POSTGRES_URL`` must be allowed to create databases.
    ``REELMILL_TEST_S3_URL`` reads ``http://ACCESS_KEY:SECRET_KEY@HOST:PORT/BUCKET``.
    """

    model_config = SettingsConfigDict(env_prefix="REELMILL_TEST_")

    rabbitmq_url: str = ""
    redis_url: str = ""
    postgres_url: str = ""
    s3_url: str = ""

    @property
    def s3(self) -> S3Address | None:
        """The S3 server that was given."""
        if not self.s3_url:
            return None
        url = urlsplit(self.s3_url)
        return S3Address(
            endpoint=url.netloc.rpartition("@")[2],
            access_key=unquote(url.username or ""),
            secret_key=unquote(url.password or ""),
            bucket=url.path.strip("/") or "reelmill",
            secure=url.scheme == "https",
        )
