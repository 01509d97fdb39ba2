"""What the benches publish: 3 Mbit/s of pictures and sound, made once, sent round and round."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.rtmp.protocol.client import ClientSide
from pipeline.core.flv import tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag
from pipeline.settings import Settings
from workers.ffmpeg.tools import find

FFMPEG, _ = find(Settings(_env_file=None))
ROUND_S = 8


@dataclass(frozen=True)
class Film:
    """Tags of one round."""

    heads: tuple[Tag, ...]
    media: tuple[Tag, ...]

    def running(self, seconds: int) -> Iterator[Tag]:
        """Go round and round for so long."""
        yield from self.heads
        for at_s in range(0, seconds, ROUND_S):
            for tag in self.media:
                yield Tag(tag.kind, at_s * 1000 + tag.timestamp_ms, tag.payload)


def made(folder: Path) -> Film:
    """Make it."""
    path = folder / "film.flv"
    pictures = f"testsrc2=s=1280x720:r=30:d={ROUND_S},noise=alls=20:allf=t"
    rate = ["-b:v", "2850k", "-minrate", "2850k", "-maxrate", "2850k", "-bufsize", "1425k"]
    command = [
        *(FFMPEG, "-v", "error", "-f", "lavfi", "-i", pictures),
        *("-f", "lavfi", "-i", f"sine=d={ROUND_S}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-x264-params", "nal-hrd=cbr"),
        *(*rate, "-c:a", "aac", "-b:a", "128k", "-f", "flv", str(path)),
    ]
    subprocess.run(command, check=True)
    found = tags.TagReader().receive_data(path.read_bytes())
    heads = [one for one in found if _is_head(one)]
    media = [one for one in found if not _is_head(one) and one.timestamp_ms < ROUND_S * 1000]
    return Film(tuple(heads), tuple(media))


def slices(client: ClientSide, film: Film, seconds: int) -> list[tuple[float, bytes]]:
    """Write what a publisher sends, message by message, each with its second."""
    found = []
    for tag in film.running(seconds):
        client.send_media(tag.kind, tag.timestamp_ms, tag.payload)
        found.append((tag.timestamp_ms / 1000, client.data_to_send()))
    return found


def _is_head(tag: Tag) -> bool:
    return tag.kind is MediaKind.DATA or tags.is_sequence_header(tag.kind, tag.payload)
