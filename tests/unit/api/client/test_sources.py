import io
from pathlib import Path

import pytest

from api.client import sources
from api.client.sources import FileSource, PipeSource

DATA = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FILE_PIECE_BYTES", 1000)
    monkeypatch.setattr(sources, "PIPE_PIECE_BYTES", 1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(DATA)
    return path


def test_a_file_is_read_from_any_offset(path: Path) -> None:
    with path.open("rb") as file:
        source = FileSource(file)

        assert source.length_bytes == len(DATA)
        assert source.piece(0) == 1000
        assert source.piece(len(DATA) - 7) == 7
        assert source.piece(len(DATA)) == 0
        assert b"".join(source.blocks(300, 1000)) == DATA[300:1300]


@pytest.mark.parametrize("change", [b"", DATA + b"more", DATA[:-1]])
def test_a_file_that_changes_is_not_sent_to_its_end(path: Path, change: bytes) -> None:
    with path.open("rb") as file:
        source = FileSource(file)
        path.write_bytes(change)

        with pytest.raises(OSError, match="changes while it is sent"):
            list(source.blocks(len(DATA) - 100, 100))


@pytest.mark.parametrize("size_bytes", [1, 999, 1000, 1001, 2000, len(DATA)])
def test_a_pipe_knows_its_length_with_its_last_piece(size_bytes: int) -> None:
    source = PipeSource(io.BytesIO(DATA[:size_bytes]))
    got = b""

    while n_bytes := source.piece(len(got)):
        is_last = len(got) + n_bytes == size_bytes
        assert source.late_length_bytes == (size_bytes if is_last else None)
        got += b"".join(source.blocks(len(got), n_bytes))

    assert got == DATA[:size_bytes]


def test_a_pipe_repeats_what_did_not_arrive() -> None:
    source = PipeSource(io.BytesIO(DATA))
    assert source.piece(0) == 1000

    assert source.piece(300) == 700
    assert b"".join(source.blocks(300, 700)) == DATA[300:1000]
    assert source.piece(1000) == 1000


def test_a_pipe_cannot_go_back_further() -> None:
    source = PipeSource(io.BytesIO(DATA))
    source.piece(0)
    source.piece(1000)

    with pytest.raises(OSError, match="are gone"):
        list(source.blocks(500, 100))


def test_an_empty_pipe_has_no_piece() -> None:
    source = PipeSource(io.BytesIO(b""))

    assert source.piece(0) == 0
    assert source.late_length_bytes == 0
