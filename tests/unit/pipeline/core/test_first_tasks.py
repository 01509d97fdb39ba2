from pipeline.core.first_tasks import fetch_task, probe_task
from schemas.fetching import FetchParams, UrlOrigin
from schemas.tasks import SourceRef
from schemas.vocabulary import AssetId, QueueName, TaskId, TaskKind

ASSET = AssetId("a1")
SOURCE = SourceRef(asset_id=ASSET, key="k", size_bytes=1, sha256="0" * 64)


def new_id() -> TaskId:
    return TaskId("t1")


def test_a_fetch_waits_in_a_queue_of_its_own_and_takes_no_scratch_space() -> None:
    origin = UrlOrigin(shown="https://films.example/a.mp4")
    task = fetch_task(FetchParams(asset_id=ASSET, origin=origin, key="k"), rank=7.0, new_id=new_id)

    assert (task.params.kind, task.queue) == (TaskKind.FETCH, QueueName.FETCH)
    assert (task.scratch_bytes, task.needs, task.is_background) == (0, (), False)


def test_both_begin_a_job_with_the_same_urgency() -> None:
    origin = UrlOrigin(shown="https://films.example/a.mp4")
    fetch = fetch_task(FetchParams(asset_id=ASSET, origin=origin, key="k"), rank=7.0, new_id=new_id)
    probe = probe_task(SOURCE, rank=7.0, new_id=new_id)

    assert (fetch.rank, fetch.is_express) == (probe.rank, probe.is_express)
    assert probe.queue is QueueName.PROBE
