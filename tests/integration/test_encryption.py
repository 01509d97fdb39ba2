"""Encrypted HLS: a player with the key sees every picture and hears every sample, none without."""

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from pipeline.core import encryption
from pipeline.core.keys import asset_prefix
from pipeline.settings import Settings
from schemas.vocabulary import AssetId, Encryption
from tests.support.clips import Clips
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served, serving
from workers.ffmpeg.tools import find

SECRET = SMALL.model_copy(update={"name": "secret", "encryption": Encryption.AES_128})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def assets(served: Served, tmp_path_factory: pytest.TempPathFactory) -> tuple[AssetId, AssetId]:
    """The same clip twice, in the clear and encrypted."""
    clip = Clips(tmp_path_factory.mktemp("clips")).constant("25", seconds=7, audio=("-c:a", "aac"))
    hand = Hand(served.pipeline, tmp_path_factory.mktemp("hand"))
    clear, _ = hand.submit(clip.path)
    secret, _ = hand.submit(clip.path, SECRET)
    hand.work()
    return clear, secret


def test_what_is_decrypted_is_what_the_clear_asset_plays(
    served: Served, assets: tuple[AssetId, AssetId]
) -> None:
    clear, secret = (_decoded(served.url, asset) for asset in assets)

    assert clear.count(b"\n0,") == 7 * 25
    assert clear.count(b"\n1,") > 300
    assert secret == clear


def test_the_key_is_named_after_the_init_segment_and_kept_out_of_caches(
    served: Served, assets: tuple[AssetId, AssetId]
) -> None:
    base = f"{served.url}/media/{assets[1]}"
    lines = httpx.get(f"{base}/180p.m3u8").text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("#EXT-X-KEY"))
    name = lines[at].split('"')[1]
    answer = httpx.get(f"{base}/{name}")

    assert lines[at - 1].startswith("#EXT-X-MAP:URI=")
    assert lines[at] == f'#EXT-X-KEY:METHOD=AES-128,URI="{name}"'
    assert len(answer.content) == encryption.KEY_BYTES
    assert answer.headers["Cache-Control"] == "private, no-store"
    # Another asset's address does not give it.
    assert httpx.get(f"{served.url}/media/{assets[0]}/{name}").status_code == 404


def test_nothing_stored_of_an_encrypted_asset_is_a_clear_segment(
    served: Served, assets: tuple[AssetId, AssetId]
) -> None:
    store = served.pipeline.storage
    segments = [o.key for o in store.list(asset_prefix(assets[1])) if o.key.endswith(".m4s")]

    assert len(segments) >= 9
    for key in segments:
        with store.open(key) as blocks:
            assert b"moof" not in b"".join(blocks)


def test_dash_and_iframes_are_not_promised(served: Served, assets: tuple[AssetId, AssetId]) -> None:
    base = f"{served.url}/media/{assets[1]}"

    refused = httpx.get(f"{base}/manifest.mpd")
    assert refused.status_code == 404
    assert refused.json()["code"] == "playback.hls_only"
    assert "I-FRAME" not in httpx.get(f"{base}/master.m3u8").text
    assert served.client.asset(assets[1]).dash_url is None
    assert served.client.asset(assets[0]).dash_url is not None


def _decoded(url: str, asset: AssetId) -> bytes:
    """Digest every picture and every piece of sound, with its time."""
    ffmpeg, _ = find(Settings())
    # What an independent player would open; the product never gives ffmpeg an address.
    source = ["-allowed_segment_extensions", "ALL", "-i", f"{url}/media/{asset}/master.m3u8"]
    maps = ["-map", "0:v:0", "-map", "0:a:0", "-f", "framemd5", "-"]
    command = [ffmpeg, "-v", "error", "-nostdin", *source, *maps]
    return subprocess.run(command, capture_output=True, check=True).stdout
