"""Brings a source in: from an address, or out of parts that lie in storage already."""

import hashlib
from collections.abc import Generator
from contextlib import closing
from typing import cast

from pipeline.core import keys
from pipeline.core.download import OtherFileError
from pipeline.core.errors import NotMedia, Stopped, StorageUnavailable, UrlUnreachable
from pipeline.storage.port import Draft
from schemas.fetching import FetchParams, FetchResult, FetchState, StoredOrigin
from workers.bench import FetchBench, TakenFetch
from workers.steps.download import Download, Ways

#: Times a file is fetched from its beginning again, because its server cannot go on or has
#: another one now.
_BEGINNINGS = 3


def run(params: FetchParams, bench: FetchBench) -> FetchResult:
    """Bring the source into one object and find out its size and digest.

    Raises:
        NotFound: a part is gone.
        NotMedia: it is empty, or its first bytes are those of something else.
        UrlRefused, UrlFailed, TooLarge: the address is at fault; not retried.
        UrlUnreachable, StorageUnavailable, StorageFull: another attempt goes on from here.
        LeaseLost: another attempt does already.
        Stopped: asked to stop.
    """
    if isinstance(params.origin, StoredOrigin):
        return _digested(_whole(params, params.origin, bench), bench)
    for _ in range(_BEGINNINGS):
        taken = bench.incoming.take_up()
        if isinstance(taken, FetchResult):
            return taken
        try:
            return _fetched(params, taken, bench)
        except OtherFileError:
            bench.incoming.begin_again(taken.epoch)
        except StorageUnavailable as exc:
            if exc.instance_code != "storage.upload_lost":
                raise
            bench.incoming.begin_again(taken.epoch)
    raise UrlUnreachable(
        "the server breaks off and cannot go on from there", code="url.not_resumable"
    )


def _fetched(params: FetchParams, taken: TakenFetch, bench: FetchBench) -> FetchResult:
    """Fetch what is missing, keeping each piece as it is safe, and make it an object."""
    incoming = bench.incoming
    state = taken.state or _begun(params, taken, bench)
    draft = Draft(state.key, state.size_bytes, state.notes)
    download = Download(taken.url, state, taken.limits, _ways(bench))
    if state.size_bytes != state.length_bytes:
        blocks = download.blocks()
        appended = incoming.storage.append(draft, blocks, epoch=taken.epoch)
        with closing(cast("Generator[Draft]", appended)) as drafts:
            for kept in drafts:
                draft = kept
                incoming.keep(taken.epoch, download.state(draft))
        if download.error is not None:
            raise download.error
        # Now its length is known, by its end if by nothing else.
        incoming.keep(taken.epoch, download.state(draft))
    incoming.storage.finish(draft)
    name = "" if taken.is_named else download.state(draft).filename
    return _digested(draft.key, bench, known=download.sha256).model_copy(update={"filename": name})


def _begun(params: FetchParams, taken: TakenFetch, bench: FetchBench) -> FetchState:
    # A key of its own for each beginning: no zombie's last write can lie where ours is.
    key = f"{keys.fetched_prefix(params.asset_id, taken.epoch)}source"
    draft = bench.incoming.storage.begin(key, length_bytes=None, epoch=taken.epoch)
    return FetchState(key=draft.key, size_bytes=draft.size_bytes, notes=dict(draft.state))


def _ways(bench: FetchBench) -> Ways:
    def on_bytes(n_bytes: int, length_bytes: int | None) -> None:
        bench.report({"": min(1.0, n_bytes / length_bytes) if length_bytes else 0.0})

    return Ways(bench.incoming.call, bench.stop, bench.incoming.room_bytes, on_bytes)


def _whole(params: FetchParams, origin: StoredOrigin, bench: FetchBench) -> str:
    """Name the object that holds all of the source, made of its parts where it has several."""
    if origin.keys == (params.key,):
        return params.key
    key = f"{bench.incoming.prefix}source"
    for _ in bench.incoming.storage.concatenate(origin.keys, key):
        _go_on(bench, 0.0)
    return key


def _digested(key: str, bench: FetchBench, *, known: str | None = None) -> FetchResult:
    """Describe a stored object, reading it once, to its end, where its digest is not known."""
    size_bytes = bench.incoming.storage.stat(key).size_bytes
    if not size_bytes:
        raise NotMedia("the file is empty", code="media.empty")
    digest = known or _digest(key, size_bytes, bench)
    return FetchResult(key=key, size_bytes=size_bytes, sha256=digest)


def _digest(key: str, size_bytes: int, bench: FetchBench) -> str:
    n_bytes, digest = 0, hashlib.sha256()
    with bench.incoming.storage.open(key) as blocks:
        for block in blocks:
            digest.update(block)
            n_bytes += len(block)
            _go_on(bench, n_bytes / size_bytes)
    return digest.hexdigest()


def _go_on(bench: FetchBench, share: float) -> None:
    if bench.stop.is_set():
        raise Stopped("asked to stop while fetching the source")
    bench.report({"": min(1.0, share)})
