"""Whether two boxes are twice one: workers of one slot, each on a core of its own."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pipeline.profiles import built_in
from pipeline.services import assets, jobs
from schemas.http import JobRequest
from tests.bench import mill as mills
from tests.bench.figures import Figure, at_least, reported
from tests.bench.ground import Ground
from tests.bench.media import hand
from tests.bench.media.sources import Source
from tests.bench.media.stage import Stage
from tests.support.roles import ALL_QUEUES

BAR = 0.93
_LIMIT_S = 900.0


def measure(ground: Ground) -> Iterator[Figure]:
    """Compare one worker on one core with two on two; then an ffmpeg with two on half each."""
    stage = Stage(ground)
    source = stage.sources.easy
    first, second = (str(core) for core in stage.cores)
    bare = _bare_s(stage, source, [first]) / _bare_s(stage, source, [first, second])
    ours = _ours_s(stage, source, [first]) / _ours_s(stage, source, [first, second])
    name = f"{source.name}, {source.seconds} s"
    yield at_least(
        f"two pinned workers, gain ÷ that of bare ffmpegs, {name}", ours / bare, "×", BAR
    )
    yield reported(f"two pinned workers ÷ one, {name}", ours, "×")
    yield reported(f"two bare ffmpegs on half each ÷ one, {name}", bare, "×")


def _bare_s(stage: Stage, source: Source, cores: list[str]) -> float:
    """Encode the source in as many equal pieces as there are cores, side by side."""
    piece_s = source.seconds / len(cores)

    def encode(number: int) -> float:
        piece = (number * piece_s, piece_s)
        with stage.folder("bare") as folder:
            run = hand.write_ladder(
                source.path, folder, threads=1, cores=cores[number], piece_s=piece
            )
        return run.wall_s

    with ThreadPoolExecutor(len(cores)) as pool:
        return max(pool.map(encode, range(len(cores))))


def _ours_s(stage: Stage, source: Source, cores: list[str]) -> float:
    """Bring a job through workers pinned to these cores; from its submit to its end."""
    with mills.running_mill(stage.ground, "pinned") as mill:
        mill.add_scheduler()
        for core in cores:
            with _on_core(int(core)):
                mill.add_workers(1, slots=1, queues=ALL_QUEUES)
        with source.path.open("rb") as file:
            asset = assets.create(
                mill.pipeline.database,
                mill.pipeline.storage,
                filename=source.path.name,
                blocks=iter(lambda: file.read(2**20), b""),
                limit_bytes=2**40,
            )
        request = JobRequest(asset_id=asset.id)
        profile = built_in().get("default")
        job = jobs.submit(mill.pipeline.database, request, profile, max_attempts=1, max_lost=1)
        row = mill.wait(job.id, timeout_s=_LIMIT_S)
        if row.error is not None or row.finished_at is None:
            raise RuntimeError(f"the job ended as {row.state}: {row.error}")
        return (row.finished_at - row.created_at).total_seconds()


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Let what is started here inherit one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
