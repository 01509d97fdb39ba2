"""Files of this box, sent in pieces, and gone on with after an interruption."""

from collections.abc import Mapping
from pathlib import Path

from api.client import ApiError, Client
from api.client.sources import FileSource, PipeSource, Source, as_text
from compose.cli.bars import JobBars
from compose.cli.exits import Exit, code_of_problem
from compose.cli.output import printable
from compose.cli.unfinished import Unfinished, fingerprint
from schemas.http import JobRequest
from schemas.identity import Playback
from schemas.uploads import UploadStatus


class Sending:
    """Sends files to one server."""

    def __init__(self, client: Client, bars: JobBars) -> None:
        self._client = client
        self._bars = bars
        self._unfinished = Unfinished()

    def send(self, path: Path, wish: JobRequest, playback: Playback) -> UploadStatus:
        """Send a file or a pipe, from where an earlier run stopped.

        Raises:
            OSError: it cannot be read, or changes meanwhile.
            ApiError: refused, or nobody there.
        """
        metadata = wishes(path, wish, playback)
        if not path.is_file():
            with path.open("rb") as pipe:
                return self._bring(path, PipeSource(pipe), metadata)
        key = fingerprint(self._client.base_url, path, metadata)
        try:
            with path.open("rb") as file:
                sent = self._bring(path, FileSource(file), metadata, key)
        except OSError:
            self._unfinished.forget(key)
            raise
        except ApiError as error:
            # What was cut off can go on; what was refused cannot.
            if code_of_problem(error.problem) is Exit.REFUSED:
                self._unfinished.forget(key)
            raise
        self._unfinished.forget(key)
        return sent

    def _bring(
        self, path: Path, source: Source, metadata: Mapping[str, str], key: str | None = None
    ) -> UploadStatus:
        name, total_bytes = printable(path.name), source.length_bytes

        def note(address: str) -> None:
            if key is not None:
                self._unfinished.note(key, address)

        return self._client.upload_in_pieces(
            source,
            metadata,
            address=None if key is None else self._unfinished.address(key),
            on_address=note,
            on_offset=lambda n_bytes: self._bars.show_bytes(name, n_bytes, total_bytes or 0),
        )


def wishes(path: Path, wish: JobRequest, playback: Playback) -> dict[str, str]:
    """Say what shall become of a file, in the words uploads are announced with."""
    said = {
        "filename": as_text(path.name),
        "profile": wish.profile,
        "priority": str(wish.priority),
        "playback": playback.value,
        **{f"meta.{name}": value for name, value in wish.metadata.items()},
    }
    if wish.trim is not None:
        said["trim.start_s"] = str(wish.trim.start_s)
        if wish.trim.end_s is not None:
            said["trim.end_s"] = str(wish.trim.end_s)
    return said
