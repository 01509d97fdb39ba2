"""A store as far away as S3: its files are not on this box, and reading them can be watched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.storage.directory import DirectoryStore
from schemas.tasks import SourceRef
from schemas.vocabulary import AssetId


class DistantStore(DirectoryStore):
    """The directory store without its short cut."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.n_opened = 0
        #: Called before each block with its number.
        self.before_block: Callable[[int], None] = lambda _: None

    def local_path(self, key: str) -> Path | None:
        return None

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, length: int | None = None
    ) -> Iterator[Iterator[bytes]]:
        self.n_opened += 1
        with super().open(key, start=start, length=length) as blocks:
            yield self._watched(blocks)

    def _watched(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for n, block in enumerate(blocks):
            self.before_block(n)
            yield block

    def keep(self, name: str, data: bytes) -> SourceRef:
        """Store a source and name it."""
        key = f"assets/{name}/source"
        written = self.put_stream(key, [data], limit_bytes=len(data))
        return SourceRef(
            asset_id=AssetId(name),
            key=key,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
        )
