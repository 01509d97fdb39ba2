"""Handing files in: in one request, or in pieces that outlive connections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from api.client.connected import Connected
from api.client.problems import ApiError
from api.client.sending import Sender
from api.client.sources import Source, as_text
from schemas.http import AssetView
from schemas.uploads import UploadId, UploadStatus

_BLOCK_BYTES = 256 * 1024


class Uploads(Connected):
    """Calls that hand files in."""

    def upload(
        self,
        path: Path,
        on_bytes: Callable[[int], None] | None = None,
        *,
        filename: str | None = None,
    ) -> AssetView:
        """Send a file, streamed; ``on_bytes`` hears the size of each block sent.

        Raises OSError when it cannot be read, or grows or shrinks meanwhile.
        """
        # A pipe has no size: it goes in chunks.
        size_bytes = path.stat().st_size if path.is_file() else None
        with path.open("rb") as file:
            return self._call(
                AssetView,
                "POST",
                "/api/assets",
                params={"filename": as_text(filename or path.name)},
                content=_blocks(file, size_bytes, on_bytes),
                headers={} if size_bytes is None else {"Content-Length": str(size_bytes)},
            )

    def upload_in_pieces(
        self,
        source: Source,
        metadata: Mapping[str, str],
        *,
        address: str | None = None,
        on_address: Callable[[str], None] = lambda _: None,
        on_offset: Callable[[int], None] = lambda _: None,
    ) -> UploadStatus:
        """Send a file over as many connections as it takes; the server makes a job of it.

        Args:
            metadata: ``filename``, ``profile``, ``priority``, ``meta.NAME`` …
            address: where an earlier call began; where that is gone, it begins anew.
            on_address: hears where it is sent to, before any byte is.
            on_offset: hears how many bytes are under way or there; after a loss it steps back.

        Raises:
            ApiError: refused; or nothing arrived for two minutes, then calling again goes on.
            OSError: the source cannot be read, or changes meanwhile; the upload is taken back.
        """
        sender = Sender(self._http, self.base_url, on_offset)
        offset_bytes = None if address is None else sender.find(address)
        if address is None or offset_bytes is None:
            address, offset_bytes = sender.create(source.length_bytes, metadata), 0
            on_address(address)
        try:
            sender.send(address, source, offset_bytes)
        except OSError:
            with suppress(ApiError):
                sender.terminate(address)
            raise
        return self.upload_status(UploadId(address.rpartition("/")[2]))

    def upload_status(self, upload_id: UploadId) -> UploadStatus:
        """Show how far an upload is, and what came of it."""
        return self._call(UploadStatus, "GET", f"/api/upload/status/{upload_id}")


def _blocks(
    file: BinaryIO, size_bytes: int | None, on_bytes: Callable[[int], None] | None
) -> Iterator[bytes]:
    n_read = 0
    while block := file.read(_BLOCK_BYTES):
        n_read += len(block)
        if size_bytes is not None and n_read > size_bytes:
            break
        yield block
        if on_bytes is not None:
            on_bytes(len(block))
    if size_bytes not in {None, n_read}:
        raise OSError("it changes while it is sent")
