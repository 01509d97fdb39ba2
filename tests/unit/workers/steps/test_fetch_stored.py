"""Sources that lie in storage already."""

import hashlib
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.core.errors import NotFound, NotMedia, Stopped
from pipeline.storage.directory import DirectoryStore
from schemas.fetching import FetchParams, StoredOrigin
from schemas.vocabulary import AssetId
from workers.steps import fetch

KEY = "assets/a1/source"


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    incoming = SimpleNamespace(storage=DirectoryStore(tmp_path), prefix="assets/a1/t1-1/")
    return SimpleNamespace(incoming=incoming, stop=Event(), said=[], report=lambda _share: None)


def params(*keys: str) -> FetchParams:
    return FetchParams(asset_id=AssetId("a1"), origin=StoredOrigin(keys=keys), key=KEY)


def put(bench: Any, key: str, data: bytes) -> None:
    bench.incoming.storage.put_bytes(key, data, content_type="video/mp4")


def test_a_source_in_its_place_is_read_there(bench: Any) -> None:
    put(bench, KEY, b"a" * 1_000_000)
    shares: list[float] = []
    bench.report = lambda progress: shares.append(progress[""])

    result = fetch.run(params(KEY), bench)

    assert (result.key, result.size_bytes) == (KEY, 1_000_000)
    assert result.sha256 == hashlib.sha256(b"a" * 1_000_000).hexdigest()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_parts_become_one_source_in_their_order(bench: Any) -> None:
    put(bench, "uploads/2", b"first ")
    put(bench, "uploads/1", b"second")

    result = fetch.run(params("uploads/2", "uploads/1"), bench)

    assert result.key == "assets/a1/t1-1/source"
    assert result.sha256 == hashlib.sha256(b"first second").hexdigest()
    with bench.incoming.storage.open(result.key) as blocks:
        assert b"".join(blocks) == b"first second"


def test_one_part_elsewhere_becomes_the_source_too(bench: Any) -> None:
    put(bench, "uploads/1", b"all of it")

    assert fetch.run(params("uploads/1"), bench).key == "assets/a1/t1-1/source"


def test_a_part_that_is_gone_is_an_error(bench: Any) -> None:
    with pytest.raises(NotFound):
        fetch.run(params("uploads/1", "uploads/2"), bench)


def test_nothing_is_no_source(bench: Any) -> None:
    put(bench, KEY, b"")

    with pytest.raises(NotMedia) as refusal:
        fetch.run(params(KEY), bench)
    assert refusal.value.instance_code == "media.empty"


def test_a_stop_ends_it(bench: Any) -> None:
    put(bench, KEY, b"a")
    bench.stop.set()

    with pytest.raises(Stopped):
        fetch.run(params(KEY), bench)
