"""What a publisher sent, in storage as a door leaves it: pieces of FLV, noted."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.bootstrap import Pipeline
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, TagReader
from pipeline.core.keys import spool_prefix
from pipeline.database.streams import SessionRow, SpoolPiece
from pipeline.services import sessions
from pipeline.settings import Settings
from workers.ffmpeg.tools import find

FFMPEG, _ = find(Settings())
_PICTURE = "testsrc2=s=320x180:r=30"
_SOUND = "sine=440:r=48000"


def encoded(
    path: Path,
    *,
    length_s: float = 6,
    picture: str | None = _PICTURE,
    sound: str | None = _SOUND,
    flags: Sequence[str] = (),
) -> list[Tag]:
    """Encode test pictures and sound as streamers do, a keyframe each second."""
    inputs = [word for each in (picture, sound) if each for word in ("-f", "lavfi", "-i", each)]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p"]
    command = [FFMPEG, "-v", "error", "-y", *inputs, "-t", str(length_s), *codecs]
    subprocess.run([*command, "-c:a", "aac", *flags, "-f", "flv", str(path)], check=True)
    return TagReader().receive_data(path.read_bytes())


def later(sent: Sequence[Tag], by_ms: int) -> list[Tag]:
    """Move tags on the clock."""
    return [Tag(tag.kind, tag.timestamp_ms + by_ms, tag.payload) for tag in sent]


@dataclass
class _Piece:
    head: bytes
    tags: list[Tag] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        body = (tags.tag(tag.kind, tag.timestamp_ms, tag.payload) for tag in self.tags)
        return tags.header() + self.head + b"".join(body)


def pieces(sent: Sequence[Tag], *, every_ms: int = 2_000) -> Iterator[_Piece]:
    """Cut what was sent at keyframes, each piece with the sequence headers in force."""
    in_force: dict[MediaKind, bytes] = {}
    piece: _Piece | None = None
    for tag in sent:
        if tags.is_sequence_header(tag.kind, tag.payload):
            in_force[tag.kind] = tags.tag(tag.kind, tag.timestamp_ms, tag.payload)
        is_due = piece is not None and tag.timestamp_ms - piece.tags[0].timestamp_ms >= every_ms
        if piece is None or (is_due and tags.is_keyframe(tag.kind, tag.payload)):
            if piece is not None:
                yield piece
            piece = _Piece(b"".join(in_force.values()))
        piece.tags.append(tag)
    if piece is not None:
        yield piece


def spool(
    pipeline: Pipeline, session: SessionRow, sent: Sequence[Tag], *, epoch: int | None = None
) -> list[SpoolPiece]:
    """Put what was sent where a door puts it."""
    noted = []
    for number, piece in enumerate(pieces(sent)):
        of_epoch = session.epoch if epoch is None else epoch
        key = f"{spool_prefix(session.asset_id)}{of_epoch}-{number:05d}.flv"
        pipeline.storage.put_bytes(key, piece.data, content_type="video/x-flv")
        from_ms, until_ms = piece.tags[0].timestamp_ms, piece.tags[-1].timestamp_ms + 1
        row = SpoolPiece(session.id, of_epoch, number, key, len(piece.data), from_ms, until_ms)
        sessions.note_piece(pipeline.database, row)
        noted.append(row)
    return noted
