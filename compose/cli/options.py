"""Options and arguments that several commands share."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from schemas.identity import Playback
from schemas.trim import Trim

DEFAULT_SERVER = "http://127.0.0.1:8080"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def checked_server(address: str) -> str:
    """Return the address of a server if it is one."""
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    # A password would be printed with every address we show.
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment:
        raise typer.BadParameter(f"must be like {DEFAULT_SERVER}, without user or query.")
    return address.rstrip("/")


def checked_id(text: str) -> str:
    """Return the text if it can be an id: anything else would change the address we ask."""
    if not _ID.fullmatch(text):
        raise typer.BadParameter("is not an id; the lists show them.")
    return text


def trim_of(text: str) -> Trim:
    """Read a stretch: both ends, or one, around a hyphen."""
    start_s, _, end_s = text.partition("-")
    # Without a hyphen, or with nothing but it, neither end is said: no stretch.
    is_said = "-" in text and text != "-"
    ends = {"start_s": start_s or "0", "end_s": end_s or None} if is_said else {"start_s": ""}
    try:
        return Trim.model_validate(ends)
    except ValueError as error:
        raise typer.BadParameter("must be like 12.5-60, 12.5- or -60, in seconds.") from error


def notes_of(texts: list[str] | None) -> dict[str, str]:
    """Read notes of an app."""
    notes = [text.partition("=") for text in texts or ()]
    if not all(name and is_said for name, is_said, _ in notes):
        raise typer.BadParameter("must be like lesson=7.", param_hint="--metadata")
    return {name: value for name, _, value in notes}


JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="Id of the job.", callback=checked_id)
]
AssetArgument = Annotated[
    str, typer.Argument(metavar="ASSET", help="Id of the asset.", callback=checked_id)
]
ServerOption = Annotated[
    str,
    typer.Option("--server", metavar="URL", help="Which server to ask.", callback=checked_server),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=200, help="Longest list.")]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", help="Where to go on: `next` of the page before.")
]
TrimOption = Annotated[
    Trim | None,
    typer.Option(
        "--trim",
        metavar="FROM-TO",
        parser=trim_of,
        help="Use this stretch alone, in seconds: 12.5-60, 12.5- or -60.",
    ),
]
PlaybackOption = Annotated[
    Playback, typer.Option("--playback", help="Who may watch: private is by signed addresses.")
]
MetadataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata", metavar="NAME=VALUE", help="Of your app, passed through; several times."
    ),
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
