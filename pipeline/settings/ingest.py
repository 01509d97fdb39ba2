"""How streams come in by RTMP, and how they go out of the door again."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from pipeline.core.addresses import checked_url


def _web(text: str) -> str:
    checked_url(text, ("http", "https"))
    return text


_WebUrl = Annotated[str, AfterValidator(_web)]


class IngestSettings(BaseSettings):
    """The RTMP door, its spool, and its HTTP."""

    rtmp_host: str = Field(
        default="127.0.0.1",
        description="Address the RTMP door binds; 0.0.0.0 lets other boxes publish.",
    )
    rtmp_port: int = Field(
        default=1935, ge=0, le=65535, description="Port of the RTMP door; 0 picks a free one."
    )
    rtmps_port: int = Field(
        default=0, ge=0, le=65535, description="Port for RTMP over TLS; 0 means none."
    )
    rtmps_certificate: Path | None = Field(
        default=None, description="File of the certificate, with those above it (PEM)."
    )
    rtmps_key: Path | None = Field(
        default=None, description="File of the certificate's private key (PEM)."
    )
    rtmp_connections: int = Field(
        default=500, ge=1, description="Most connections of publishers to one door."
    )
    rtmp_connections_per_address: int = Field(
        default=50, ge=1, description="Most connections of publishers from one address."
    )
    rtmp_bitrate_limit_bps: int = Field(
        default=80_000_000,
        ge=100_000,
        description="Most bits a second that are read of one publisher; more waits on its side.",
    )
    spool_dir: Path | None = Field(
        default=None,
        description="Folder of what publishers send, until it is stored; default data_dir/spool.",
    )
    spool_limit_bytes: int = Field(
        default=20 * 2**30,
        ge=2**20,
        description="Most bytes of the spool that stay on this box when they are stored already.",
    )
    spool_floor_bytes: int = Field(
        default=256 * 2**20,
        ge=0,
        description="Free room of the spool's disk below which no publisher is let in.",
    )
    ingest_http_host: str = Field(
        default="127.0.0.1",
        description="Address the HTTP of `reelmill ingest` binds: for workers, and viewers of FLV.",
    )
    ingest_http_port: int = Field(
        default=8081, ge=0, le=65535, description="Port of the HTTP of `reelmill ingest`."
    )
    ingest_url: _WebUrl = Field(
        default="",
        description="Where workers reach this door's HTTP, such as http://ingest-1:8081; empty: "
        "where it listens.",
    )
    ingest_public_url: _WebUrl = Field(
        default="",
        description="Where viewers reach this door's HTTP; empty: through the proxy in front.",
    )
    flv_viewers: int = Field(
        default=200, ge=0, description="Most viewers by FLV of one process; further ones get 503."
    )
