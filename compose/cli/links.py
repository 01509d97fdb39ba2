"""``reelmill assets link|unlink``: who may watch a private asset, and for how long."""

import sys
from typing import Annotated

import typer

from compose.cli.assets import address
from compose.cli.options import DEFAULT_SERVER, AssetArgument, JsonOption, ServerOption
from compose.cli.output import print_facts, print_json
from compose.cli.speech import connect
from schemas.playback import LONGEST_LINK_S, PlaybackLinkRequest
from schemas.vocabulary import AssetId

_DEFAULT_S = PlaybackLinkRequest().expires_in_s


def link(
    asset_id: AssetArgument,
    *,
    expires_in_s: Annotated[
        int,
        typer.Option("--for", metavar="SECONDS", min=10, max=LONGEST_LINK_S, help="How long."),
    ] = _DEFAULT_S,
    label: Annotated[str, typer.Option(help="Whom it is for: letters, digits, - and _.")] = "",
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """Print addresses that anybody may watch an asset by until they expire."""
    try:
        asked = PlaybackLinkRequest(expires_in_s=expires_in_s, label=label)
    except ValueError as error:
        raise typer.BadParameter("must be at most 64 letters, digits, - and _.") from error
    with connect(server) as client:
        made = client.playback.link(AssetId(asset_id), asked)
    if as_json:
        print_json(made)
        return
    print_facts(
        {
            "until": made.expires_at.isoformat(timespec="seconds"),
            "watch": address(server, made.watch_url),
            "HLS": address(server, made.hls_url),
            "DASH": made.dash_url and address(server, made.dash_url),
            "download": made.download_url and address(server, made.download_url),
        }
    )


def unlink(
    asset_id: AssetArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Void all addresses that were given out of an asset so far."""
    with connect(server) as client:
        client.playback.revoke(AssetId(asset_id))
    if as_json:
        print_json({"unlinked": asset_id})
    else:
        sys.stdout.write(f"Voided all links of {asset_id}\n")
