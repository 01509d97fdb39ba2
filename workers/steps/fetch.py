"""Brings a source in: reads what lies in storage, puts parts together."""

import hashlib

from pipeline.core.errors import NotMedia, Stopped
from schemas.fetching import FetchParams, FetchResult, StoredOrigin
from workers.bench import FetchBench


def run(params: FetchParams, bench: FetchBench) -> FetchResult:
    """Bring the source into one object and find out its size and digest.

    Raises:
        NotFound: a part is gone.
        NotMedia: it is empty.
        Stopped: asked to stop.
    """
    if isinstance(params.origin, StoredOrigin):
        return digested(_whole(params, params.origin, bench), bench)
    raise NotImplementedError


def _whole(params: FetchParams, origin: StoredOrigin, bench: FetchBench) -> str:
    """Name the object that holds all of the source, made of its parts where it has several."""
    if origin.keys == (params.key,):
        return params.key
    key = f"{bench.incoming.prefix}source"
    for _ in bench.incoming.storage.concatenate(origin.keys, key):
        _go_on(bench, 0.0)
    return key


def digested(key: str, bench: FetchBench) -> FetchResult:
    """Read a stored object once, to its end."""
    storage = bench.incoming.storage
    total_bytes, size_bytes, digest = storage.stat(key).size_bytes, 0, hashlib.sha256()
    with storage.open(key) as blocks:
        for block in blocks:
            digest.update(block)
            size_bytes += len(block)
            _go_on(bench, size_bytes / max(1, total_bytes))
    if not size_bytes:
        raise NotMedia("the file is empty", code="media.empty")
    return FetchResult(key=key, size_bytes=size_bytes, sha256=digest.hexdigest())


def _go_on(bench: FetchBench, share: float) -> None:
    if bench.stop.is_set():
        raise Stopped("asked to stop while fetching the source")
    bench.report({"": min(1.0, share)})
