"""Appending to drafts as a door does: each yielded draft kept as JSON, or thrown away."""

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict

from pipeline.storage.port import Draft, ObjectStore


def remembered(draft: Draft) -> Draft:
    """Give the draft back as a row of a database would."""
    return Draft(**json.loads(json.dumps(asdict(draft))))


def kept(store: ObjectStore, draft: Draft, blocks: Iterable[bytes], *, epoch: int) -> Draft:
    """Append and keep every draft that is yielded; return the last."""
    for yielded in store.append(draft, blocks, epoch=epoch):
        assert yielded.size_bytes >= draft.size_bytes
        draft = remembered(yielded)
    return draft


def thrown_away(
    store: ObjectStore, draft: Draft, blocks: Iterable[bytes], *, epoch: int, held: bool = False
) -> Draft:
    """Append and keep nothing; return the first draft that was yielded."""
    with closing(store.append(draft, blocks, epoch=epoch, held=held)) as drafts:  # type: ignore[type-var]
        return next(drafts)
