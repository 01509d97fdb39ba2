"""Fetch a stretch of a rendition and join it as a player's buffer does: init, then segments."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pipeline.core.codecs import codecs
from pipeline.core.encryption import decrypt
from pipeline.core.errors import NotFound, OutputInvalid, Stopped
from pipeline.core.fmp4 import Init, read_init, read_samples
from pipeline.core.proof.track import Part, Track, within
from schemas.certificate import Stretch
from schemas.timeline import RenditionTimeline, TimelineSegment
from workers.bench import Bench

INIT_NAME = "init"
_MOST_INIT_BYTES = 2**20


def gather(
    rendition: RenditionTimeline, stretch: Stretch, bench: Bench, content_key: bytes | None
) -> Track:
    """Fetch init and segments of a stretch into a folder named like the rendition.

    Raises:
        NotFound, OutputInvalid: there is no init segment, or it is not one.
        StorageUnavailable, ScratchFull, Stopped.
    """
    folder = bench.scratch / rendition.name
    folder.mkdir()
    inside = within(rendition, stretch)
    first = inside[0][0] if inside else rendition.segments[0]
    data = bench.head(first.init_key, _MOST_INIT_BYTES)
    (folder / INIT_NAME).write_bytes(data)
    init = read_init(data)
    return Track(
        rendition=rendition,
        init=init,
        init_sha256=sha256(data).hexdigest(),
        codecs=codecs(data),
        parts=tuple(
            _part(Part(segment, start_s), init, _Place(folder, bench, content_key))
            for segment, start_s in inside
        ),
    )


def segment_path(folder: Path, segment: TimelineSegment) -> Path:
    """Name the local copy of a segment."""
    return folder / f"{segment.index:05d}.m4s"


@dataclass(frozen=True)
class _Place:
    """Where a rendition's segments go, and what opens them."""

    folder: Path
    bench: Bench
    content_key: bytes | None

    def take(self, segment: TimelineSegment) -> bytes:
        """Fetch a segment and keep it in the clear."""
        path = segment_path(self.folder, segment)
        self.bench.fetch(segment.key, path)
        data = path.read_bytes()
        if self.content_key is not None:
            data = decrypt(data, self.content_key, segment.index)
            path.write_bytes(data)
        return data


def _part(part: Part, init: Init, place: _Place) -> Part:
    if place.bench.stop.is_set():
        raise Stopped("asked to stop while fetching what is to be proven")
    try:
        samples = read_samples(place.take(part.segment), init)
    except (NotFound, OutputInvalid) as exc:
        return Part(part.segment, part.start_s, trouble=exc.detail)
    except ValueError:
        return Part(part.segment, part.start_s, trouble="the key of its job does not open it")
    trouble = "" if samples else "it holds nothing"
    return Part(part.segment, part.start_s, samples, trouble)


def head(track: Track, bench: Bench) -> str:
    """Put init segment and first part together; name the file."""
    folder = bench.scratch / track.name
    name = f"{track.name}-head.mp4"
    first = next(track.read(), None)
    body = segment_path(folder, first.segment).read_bytes() if first else b""
    (bench.scratch / name).write_bytes((folder / INIT_NAME).read_bytes() + body)
    return name


def join(track: Track, bench: Bench) -> Path:
    """Put the readable parts of a track together in one file."""
    folder = bench.scratch / track.name
    joined = bench.scratch / f"{track.name}.mp4"
    with joined.open("wb") as file:
        file.write((folder / INIT_NAME).read_bytes())
        for part in track.read():
            file.write(segment_path(folder, part.segment).read_bytes())
    return joined
