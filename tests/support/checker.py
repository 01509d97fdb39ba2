"""What must hold after any fault: nothing lost, nothing twice, nothing left behind."""

import hashlib
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from pipeline.database.sql import tables
from pipeline.services import housekeeping
from pipeline.settings import Settings
from schemas.events import Event, EventType
from schemas.vocabulary import JobState, TaskState
from tests.support.fleet import Fleet, Order
from tests.support.roles import left_behind
from workers.ffmpeg.tools import find

E = EventType
_BETWEEN = {E.TASK_RETRIED, E.TASK_LOST, E.TASK_HANDED_BACK}
_TASK_ENDS = {E.TASK_SUCCEEDED, E.TASK_FAILED, E.TASK_CANCELLED}
#: What may follow what in the life of a task; None is its beginning.
_TASK_LAW: dict[EventType | None, set[EventType]] = {
    None: {E.TASK_STARTED},
    E.TASK_STARTED: _BETWEEN | _TASK_ENDS,
    **{end: {E.TASK_STARTED} for end in _BETWEEN},
    **{end: set() for end in _TASK_ENDS},
}
_JOB_ENDS = {E.JOB_SUCCEEDED, E.JOB_FAILED, E.JOB_CANCELLED}
_JOB_LAW: dict[EventType | None, set[EventType]] = {
    None: {E.JOB_SUBMITTED},
    E.JOB_SUBMITTED: {E.JOB_STARTED, E.JOB_CANCELLED},
    E.JOB_STARTED: {E.JOB_PLANNED, *_JOB_ENDS},
    E.JOB_PLANNED: _JOB_ENDS,
    E.JOB_SUCCEEDED: set(),
    E.JOB_FAILED: set(),
    E.JOB_CANCELLED: set(),
}
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Picture:
    """All bytes of a rendition: init segment and media segments in order."""

    digest: str
    data: bytes

    @classmethod
    def of(cls, parts: Iterable[bytes]) -> "Picture":
        data = b"".join(parts)
        return cls(hashlib.sha256(data).hexdigest(), data)

    def frames(self) -> str:
        """Decode it and name every frame by its digest."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "whole.mp4"
            path.write_bytes(self.data)
            ffmpeg, _ = find(Settings(_env_file=None))
            command = [ffmpeg, "-v", "error", "-xerror", "-i", str(path), "-f", "framemd5", "-"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout


#: Recipe → rendition → what an undisturbed run made.
Reference = Mapping[str, Mapping[str, Picture]]


def pictures(fleet: Fleet, order: Order) -> dict[str, Picture]:
    """Fetch everything a viewer of a job's output would get; sizes must be as announced."""
    with fleet.pipeline.database.read() as tx:
        segments = tx.media.segments(order.job_id)
    inits: dict[str, bytes] = {}
    parts: dict[str, list[bytes]] = defaultdict(list)
    for segment in segments:
        if segment.rendition not in inits:
            inits[segment.rendition] = _fetch(fleet, segment.init_key)
        data = _fetch(fleet, segment.key)
        assert len(data) == segment.size_bytes, f"{segment.key} has another size"
        parts[segment.rendition].append(data)
    return {name: Picture.of([init, *parts[name]]) for name, init in inits.items()}


def _fetch(fleet: Fleet, key: str) -> bytes:
    with fleet.pipeline.storage.open(key) as blocks:
        return b"".join(blocks)


def check(
    fleet: Fleet,
    reference: Reference,
    *,
    expected: Mapping[Order, JobState] | None = None,
    deleted: Sequence[Order] = (),
) -> list[Event]:
    """Stop the fleet and prove every invariant; return the history for questions of one's own.

    Jobs must have succeeded unless ``expected`` says otherwise.
    """
    fleet.stop()
    check_boxes(fleet)
    history = fleet.events()
    check_history(history)
    check_outcome(fleet, reference, history, expected=expected, deleted=deleted)
    return history


def check_outcome(
    fleet: Fleet,
    reference: Reference,
    history: Sequence[Event],
    *,
    expected: Mapping[Order, JobState] | None = None,
    deleted: Sequence[Order] = (),
) -> None:
    """Jobs ended as they should, made what they should, and nothing else lies in storage."""
    alive = [order for order in fleet.orders if order not in deleted]
    for order in alive:
        state = (expected or {}).get(order, JobState.SUCCEEDED)
        _check_job(fleet, order, state, history)
        if state is JobState.SUCCEEDED:
            _check_outputs(fleet, order, reference)
    _check_storage(fleet, alive)


def check_boxes(fleet: Fleet) -> None:
    """No process and no file of a task is left on any box."""
    processes = left_behind(fleet.folder)
    assert not processes, f"still there: {processes}"
    for worker in fleet.workers:
        left = [
            str(path.relative_to(worker.scratch))
            for path in worker.scratch.rglob("*")
            if path.is_file() and path.suffix != ".lock" and not _is_source(path)
        ]
        assert not left, f"{worker.folder.name} kept {left}"
        owners = worker.scratch / "owners"
        assert not list(owners.iterdir()), f"{worker.folder.name} kept {list(owners.iterdir())}"


def _is_source(path: Path) -> bool:
    return path.parent.name == "sources" and _DIGEST.fullmatch(path.name) is not None


def check_history(history: Sequence[Event]) -> None:
    """Numbers without holes; tasks and jobs that live as the law says."""
    numbers = [event.id for event in history]
    assert numbers == list(range(1, len(history) + 1)), f"holes: {numbers}"
    for law, key in ((_TASK_LAW, "task_id"), (_JOB_LAW, "job_id")):
        before: dict[str, EventType | None] = defaultdict(lambda: None)
        for event in history:
            if event.type not in law:
                continue
            who = getattr(event, key)
            assert event.type in law[before[who]], f"{who}: {before[who]} then {event.type}"
            before[who] = event.type


def _check_job(fleet: Fleet, order: Order, state: JobState, history: Sequence[Event]) -> None:
    job = fleet.show(order)
    assert job.state is state, f"job is {job.state.value}: {job.error}"
    counts = Counter(event.type for event in history if event.job_id == order.job_id)
    is_well = int(state is JobState.SUCCEEDED)
    assert counts[E.JOB_SUCCEEDED] == counts[E.ASSET_READY] == is_well, f"happened: {counts}"
    assert counts[E.ASSET_PLAYABLE] <= 1, f"happened: {counts}"
    unfinished = {TaskState.READY, TaskState.RUNNING}
    # Proofs go on after the job, and workers of these tests leave them alone.
    tasks = [task for task in job.tasks if not task.is_background]
    assert not [task for task in tasks if task.state in unfinished], "work goes on"
    if is_well:
        states = {task.state for task in tasks}
        assert states == {TaskState.SUCCEEDED}, f"a job of {states} has succeeded"


def _check_outputs(fleet: Fleet, order: Order, reference: Reference) -> None:
    """One whole set of outputs, whose every picture is that of an undisturbed run."""
    with fleet.pipeline.database.read() as tx:
        segments = tx.media.segments(order.job_id)
    indexes: dict[str, list[int]] = defaultdict(list)
    for segment in segments:
        indexes[segment.rendition].append(segment.index)
    for name, found in indexes.items():
        assert found == list(range(len(found))), f"{name}: {found}"
    made, right = pictures(fleet, order), reference[order.recipe.name]
    assert made.keys() == right.keys(), f"renditions: {sorted(made)}"
    for name, picture in made.items():
        if picture.digest != right[name].digest:
            assert picture.frames() == right[name].frames(), f"{name} shows something else"


def _check_storage(fleet: Fleet, orders: Sequence[Order]) -> None:
    """After garbage collection nothing lies there but sources and what players may get."""
    _collect_all(fleet)
    pipeline = fleet.pipeline
    visible = {f"assets/{order.asset_id}/source" for order in orders}
    with pipeline.database.read() as tx:
        for order in orders:
            visible |= tx.media.keys_below(order.asset_id, f"assets/{order.asset_id}/")
            files = tx.jobs.get(order.job_id)
            assert files is not None
            visible |= set(files.files.values())
    stored = {found.key for found in pipeline.storage.list("assets/")}
    stored -= fleet.found_at_start
    assert not stored - visible, f"nobody knows of {sorted(stored - visible)}"
    assert not visible - stored, f"gone are {sorted(visible - stored)}"


def _collect_all(fleet: Fleet) -> None:
    """Collect without patience until no note is left; each takes two passes."""
    pipeline = fleet.pipeline
    while True:
        with pipeline.database.read() as tx:
            is_left = tx.garbage.due(1, patience_s=0)
        if not is_left:
            return
        housekeeping.collect_garbage(pipeline.database, pipeline.storage, patience_s=0)


def n_rows(fleet: Fleet, order: Order) -> int:
    """Count what the database still says of an asset, its history aside."""
    by_asset = (tables.asset.c.id, tables.job.c.asset_id, tables.task.c.asset_id)
    media = (tables.segment.c.asset_id, tables.media_file.c.asset_id)
    total = 0
    with fleet.pipeline.database.read() as tx:
        for column in (*by_asset, *media):
            count = select(func.count()).select_from(column.table).where(column == order.asset_id)
            total += tx._connection.execute(count).scalar_one()  # type: ignore[attr-defined]
    return total
