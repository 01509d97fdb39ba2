"""``reelmill assets …``: see and delete assets."""

import sys
from typing import Annotated

import typer

from compose.cli.certificate import in_short, print_points
from compose.cli.options import (
    DEFAULT_SERVER,
    AssetArgument,
    CursorOption,
    JsonOption,
    LimitOption,
    ServerOption,
)
from compose.cli.output import age, fault, print_facts, print_json, print_table, said, size
from compose.cli.speech import connect
from schemas.http import AssetView, CertificateView, RenditionView
from schemas.listing import AssetWish
from schemas.media import MediaFacts
from schemas.vocabulary import AssetId, AssetState

app = typer.Typer(help="See and delete assets.", no_args_is_help=True)


@app.command("list")
def list_assets(
    *,
    state: Annotated[AssetState | None, typer.Option(help="Only assets in this state.")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """List assets, newest first."""
    wish = AssetWish() if state is None else AssetWish(state=(state,))
    with connect(server) as client:
        page = client.assets(wish, cursor=cursor, limit=limit)
    if as_json:
        print_json(page)
        return
    print_table(
        ("ASSET", "STATE", "FILE", "SIZE", "AGE", "ERROR"),
        (
            (
                *(asset.id, asset.state, asset.filename, size(asset.size_bytes)),
                *(age(asset.created_at), asset.error and asset.error.code),
            )
            for asset in page.items
        ),
    )
    if page.next:
        sys.stderr.write(f"More: --cursor {page.next}\n")


@app.command("show")
def show(
    asset_id: AssetArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Show one asset: what it is, where it plays, and what its certificate says."""
    with connect(server) as client:
        asset = client.asset(AssetId(asset_id))
        # Programs ask for it by itself.
        is_wanted = asset.certificate is not None and not as_json
        certificate = client.certificate(asset.id) if is_wanted else None
    if as_json:
        print_json(asset)
        return
    _print(asset, server, certificate)
    if certificate is not None:
        print_points(certificate)


@app.command("delete")
def delete(
    asset_id: AssetArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Delete an asset with everything made of it; a job on it is cancelled."""
    with connect(server) as client:
        client.delete_asset(AssetId(asset_id))
    if as_json:
        print_json({"deleted": asset_id})
    else:
        sys.stdout.write(f"Deleted {asset_id}\n")


def address(server: str, url: str) -> str:
    """Make an address for people of what the API says, which may be a path alone."""
    return f"{server.rstrip('/')}{url}" if url.startswith("/") else url


def _print(asset: AssetView, server: str, certificate: CertificateView | None) -> None:
    print_facts(
        {
            "asset": asset.id,
            "state": asset.state,
            "file": asset.filename,
            "size": size(asset.size_bytes),
            "sha256": asset.sha256,
            "job": asset.job_id,
            **({} if asset.facts is None else _facts(asset.facts)),
            "watch": address(server, asset.watch_url),
            "HLS": address(server, asset.hls_url),
            "DASH": asset.dash_url and address(server, asset.dash_url),
            "download": asset.download_url and address(server, asset.download_url),
            "warnings": said(asset.warnings),
            "certificate": certificate and in_short(certificate),
            "error": fault(asset.error),
        }
    )
    if asset.renditions:
        print_table(
            ("RENDITION", "CODEC", "SIZE", "KBIT/S", "DONE"), map(_rendition, asset.renditions)
        )


def _facts(facts: MediaFacts) -> dict[str, object]:
    video = facts.video
    return {
        "container": facts.remuxed_from or facts.container,
        "seconds": f"{float(facts.duration_s):.2f}",
        "picture": video
        and f"{video.codec} {video.display_width_px}x{video.display_height_px}"
        f" at {float(video.frame_rate):g}",
        "sound": "; ".join(
            f"{one.codec} {one.channels} channels {one.sample_rate_hz} Hz" for one in facts.audios
        )
        or None,
    }


def _rendition(rendition: RenditionView) -> tuple[object, ...]:
    is_picture = rendition.width_px is not None
    return (
        *(rendition.name, rendition.codec),
        f"{rendition.width_px}x{rendition.height_px}" if is_picture else None,
        *(rendition.bitrate_bps // 1000, f"{rendition.progress * 100:.0f} %"),
    )
