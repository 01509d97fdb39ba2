"""How the HTTP server listens and what it takes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from pipeline.core.origins import parsed


def _origins(text: str) -> str:
    parsed(text)
    return text


class HttpSettings(BaseSettings):
    """The HTTP server."""

    http_host: str = Field(
        default="127.0.0.1",
        description="Address the HTTP server binds; any but this box's own is warned about.",
    )
    http_port: int = Field(
        default=8080, ge=0, le=65535, description="Port of the HTTP server; 0 picks a free one."
    )
    http_threads: int = Field(default=16, ge=2, description="Threads for plain HTTP requests.")
    websocket_clients: int = Field(
        default=200,
        ge=0,
        description="Most websockets one API process serves; further ones get 503.",
    )
    upload_limit_bytes: int = Field(
        default=10 * 2**30, ge=1, description="Largest file accepted, in bytes."
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=8,
        description="Proxies in front that add to X-Forwarded-For; none is believed unless set.",
    )
    cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        default="",
        description="Sites whose pages may use the API: https://app.example,https://b.example",
    )
    rate_limits: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="Whom rate limits hold for; `auto`: not for this box's own callers who are let "
        "in as admin without credentials.",
    )
    rate_auth: int = Field(
        default=30, ge=1, description="Most requests a minute to log in, per address."
    )
    rate_reads: int = Field(default=1200, ge=1, description="Most reads a minute, per caller.")
    rate_writes: int = Field(default=300, ge=1, description="Most changes a minute, per caller.")
    rate_uploads: int = Field(
        default=12_000, ge=1, description="Most requests of uploads a minute, per caller."
    )
