"""What the sweeper takes from whom, and when it holds still, on both databases."""

from collections.abc import Sequence

from pipeline.database.port import Database
from pipeline.services import fleet, jobs
from pipeline.services.sweep import Sweeper
from schemas.http import JobView
from schemas.tasks import EncodeParams
from schemas.vocabulary import QueueName, TaskKind, WorkerId
from schemas.workers import Capabilities, EncoderAbility
from tests.support import engine
from tests.support.engine import must_claim


class Deaf:
    """A broker with no message in it."""

    def depth(self, queue: QueueName) -> int:
        del queue
        return 0


class Clock:
    """Moves when told."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def sweeper(database: Database, clock: Clock, *, lease_s: float = 12.0) -> Sweeper:
    return Sweeper(database, Deaf(), lease_s=lease_s, clock=clock)  # type: ignore[arg-type]


def settled(database: Database) -> Sweeper:
    """A sweeper that has watched for a whole lease."""
    clock = Clock()
    made = sweeper(database, clock)
    for _ in range(3):
        made.tick()
        clock.now_s += 6
    return made


def add_worker(
    database: Database, name: str, queues: Sequence[QueueName], build: str = engine.BUILD
) -> WorkerId:
    able = Capabilities(
        ffmpeg_version="9",
        encoder_build=build,
        encoders=(EncoderAbility(name="h264_nvenc", is_gpu=True),),
        n_cores=8,
        scratch_free_bytes=2**30,
    )
    fleet.register(database, WorkerId(name), "box", queues, 2, able)
    return WorkerId(name)


def planned(database: Database) -> JobView:
    job = engine.submit(database)
    engine.finish(database, must_claim(database, QueueName.PROBE))
    return job


def queues_of(database: Database, job: JobView) -> set[QueueName]:
    return {t.queue for t in jobs.show(database, job.id).tasks if t.kind is TaskKind.ENCODE}


def test_a_pause_between_ticks_expires_nobody(database: Database) -> None:
    """A box that slept, a database that hung: nobody could renew, and no tick failed."""
    clock = Clock()
    watch = sweeper(database, clock)
    for _ in range(3):
        watch.tick()
        clock.now_s += 6
    engine.submit(database)
    assert engine.claim(database, QueueName.PROBE, lease_s=-1.0)

    clock.now_s += 30
    assert watch.tick().n_expired == 0

    for _ in range(2):
        clock.now_s += 6
        n_expired = watch.tick().n_expired
    assert n_expired == 1


def test_a_new_sweeper_leaves_gpu_tasks_until_workers_had_time_to_come(
    database: Database,
) -> None:
    gpu = add_worker(database, "gpu", [QueueName.ENCODE_GPU])
    job = planned(database)
    fleet.leave(database, gpu)
    clock = Clock()
    watch = sweeper(database, clock)

    watch.tick()
    assert queues_of(database, job) == {QueueName.ENCODE_GPU}

    for _ in range(2):
        clock.now_s += 6
        watch.tick()
    assert queues_of(database, job) == {QueueName.ENCODE_CPU}


def test_a_draining_gpu_worker_keeps_no_tasks(database: Database) -> None:
    gpu = add_worker(database, "gpu", [QueueName.ENCODE_GPU])
    job = planned(database)
    fleet.drain(database, gpu)

    settled(database)

    assert queues_of(database, job) == {QueueName.ENCODE_CPU}


def test_a_build_counts_only_where_it_encodes(database: Database) -> None:
    """Its other workers live on, but none of them takes the chunks that are pinned to it."""
    planned(database)
    add_worker(database, "packs", [QueueName.PACKAGE], build="old")
    add_worker(database, "encodes", [QueueName.ENCODE_CPU], build="new")
    claim_chunk(database, "old")

    settled(database)

    claim_chunk(database, "new")


def claim_chunk(database: Database, build: str) -> None:
    while claimed := engine.claim(database, QueueName.ENCODE_CPU, build=build):
        if isinstance(claimed.params, EncodeParams):
            return
    raise AssertionError(f"no chunk for {build}")


def test_a_delayed_task_does_not_hide_a_lost_ring(database: Database) -> None:
    engine.submit(database)
    late = must_claim(database, QueueName.PROBE)
    waiting = engine.submit(database)
    with database.write() as tx:
        tx.outbox.delete([row.id for row in tx.outbox.due(100)])
        tx.tasks.back_to_ready(
            late.task_id, late.epoch, delay_s=60.0, error=None, returned_attempt=True
        )
        tx.outbox.add([late.task_id], delay_s=60.0)

    assert sweeper(database, Clock()).tick().n_rung == 1

    with database.read() as tx:
        rung = tx.outbox.due(100)
    assert [row.task_id for row in rung] == [jobs.show(database, waiting.id).tasks[0].id]
