"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_SERVER = "http://127.0.0.1:8080"

ServerOption = Annotated[str, typer.Option("--server", metavar="URL", help="Which server to ask.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="Longest list.")]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", help="Where to go on: `next` of the page before.")
]
ProfileOption = Annotated[str, typer.Option("--profile", help="Name of a set of wishes.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder. [default: REELMILL_DATA_DIR, ./data]"),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        help="Port of the HTTP server, 0 for a free one. [default: REELMILL_HTTP_PORT, 8080]",
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option(
        "--host", help="Address to bind. [default: REELMILL_HTTP_HOST, 127.0.0.1: this box alone]"
    ),
]
