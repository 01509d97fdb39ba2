"""How fast our door takes bytes, beside the one others use, over loopback with one client."""

import statistics
from collections.abc import Iterator

from tests.bench.figures import Figure, at_least, reported
from tests.bench.ground import Ground
from tests.support.doors import Door, OwnDoor, ReferenceDoor
from tests.support.padded import small_clip
from tests.support.pouring import Pour, pour

SIZE_MIB = 640
N_ROUNDS = 5
_MIB = 2**20
#: One PATCH for all, and pieces as browsers send them.
PIECES = {"one PATCH": None, "8 MiB each": 8 * _MIB}


def measure(ground: Ground) -> Iterator[Figure]:
    """Pour the same bytes into each door in turn, round after round; medians count."""
    source = Pour(small_clip(ground.new_folder("clip")), ground.scaled(SIZE_MIB) * _MIB)
    folder = ground.new_folder("doors")
    with (
        ReferenceDoor(folder / "reference") as reference,
        OwnDoor("embedded", folder / "embedded") as embedded,
        OwnDoor("gunicorn", folder / "gunicorn") as gunicorn,
    ):
        doors: dict[str, Door] = {
            "@tus/server": reference,
            "embedded": embedded,
            "gunicorn": gunicorn,
        }
        for words, piece_bytes in PIECES.items():
            speeds = _speeds(doors, source, piece_bytes)
            yield from _judged(words, speeds)


def _speeds(doors: dict[str, Door], source: Pour, piece_bytes: int | None) -> dict[str, float]:
    measured: dict[str, list[float]] = {name: [] for name in doors}
    # One round more than counted: pools, caches and compiled code get their size in it.
    for _ in range(N_ROUNDS + 1):
        for name, door in doors.items():
            location, seconds = pour(door.url, source, piece_bytes=piece_bytes)
            measured[name].append(source.size_bytes / _MIB / seconds)
            door.stored(location).unlink()
    return {name: statistics.median(found[1:]) for name, found in measured.items()}


def _judged(words: str, speeds: dict[str, float]) -> Iterator[Figure]:
    for name, speed in speeds.items():
        yield reported(f"upload, {words}: {name}", speed, "MiB/s")
    for name in ("embedded", "gunicorn"):
        ratio = speeds[name] / speeds["@tus/server"]
        yield at_least(f"upload, {words}: {name} / @tus/server", ratio, "×", 1.0)
