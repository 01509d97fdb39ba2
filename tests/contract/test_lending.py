"""What one job made and another shows, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.database.filters import JobFilter
from pipeline.database.port import Database
from pipeline.services import assets, fleet, housekeeping, jobs, playback, tasks
from pipeline.storage.directory import DirectoryStore
from schemas.certificate import CertificateState
from schemas.http import JobRequest
from schemas.media import Damage
from schemas.profile import Profile, Rung
from schemas.tasks import EncodeParams
from schemas.vocabulary import AssetId, AssetState, JobId, Preset, QueueName, WorkerId
from schemas.workers import Capabilities
from tests.support import engine

HIGH = Rung(name="360p", height_px=360, bitrate_bps=800_000)
LOW = Rung(name="180p", height_px=180, bitrate_bps=200_000)
ONE = Profile(name="one", ladder=(HIGH,))
TWO = Profile(name="two", ladder=(HIGH, LOW))


@pytest.fixture
def asset_id(database: Database) -> AssetId:
    """An asset whose first job, of one rung, has succeeded, beside a worker with its build."""
    capabilities = Capabilities(
        ffmpeg_version="9",
        encoder_build=engine.BUILD,
        encoders=(),
        n_cores=1,
        scratch_free_bytes=2**40,
    )
    fleet.register(database, WorkerId("w1"), "here", tuple(QueueName), 1, capabilities)
    made = engine.add_asset(database)
    submit(database, made, ONE)
    engine.run_to_end(database)
    return made


def submit(database: Database, asset_id: AssetId, profile: Profile) -> JobId:
    request = JobRequest(asset_id=asset_id)
    return jobs.submit(database, request, profile, max_attempts=3, max_lost=3).id


def wanted(database: Database, asset_id: AssetId, profile: Profile) -> set[str]:
    """Submit, plan, and name the rungs that are left to encode."""
    job_id = submit(database, asset_id, profile)
    engine.finish(database, engine.must_claim(database, QueueName.PROBE))
    names: set[str] = set()
    while (claimed := engine.claim(database, QueueName.ENCODE_CPU)) is not None:
        assert claimed.job_id == job_id
        if isinstance(claimed.params, EncodeParams):
            names |= {rung.name for rung in claimed.params.rungs}
    return names


def test_only_the_new_rung_is_made_and_both_are_shown(
    database: Database, asset_id: AssetId
) -> None:
    first = playback.timeline(database, asset_id)
    job_id = submit(database, asset_id, TWO)
    engine.run_to_end(database)

    shown = playback.timeline(database, asset_id)

    assert shown.job_id == job_id
    assert assets.show(database, asset_id).state is AssetState.READY
    lent = next(each for each in shown.renditions if each.name == "360p")
    assert lent == next(each for each in first.renditions if each.name == "360p")
    new = next(each for each in shown.renditions if each.name == "180p")
    assert len(new.segments) == len(lent.segments)
    assert {s.key for s in new.segments}.isdisjoint({s.key for s in lent.segments})


def test_a_job_that_is_made_again_encodes_no_picture(database: Database, asset_id: AssetId) -> None:
    assert wanted(database, asset_id, ONE) == set()


@pytest.mark.parametrize(
    "profile",
    [
        ONE.model_copy(update={"crf": 30}),
        ONE.model_copy(update={"segment_s": 2}),
        ONE.model_copy(update={"preset": Preset.FAST}),
        ONE.model_copy(update={"ladder": (HIGH.model_copy(update={"bitrate_bps": 900_000}),)}),
    ],
    ids=["quality", "segments", "preset", "bitrate"],
)
def test_other_settings_are_other_pictures(
    database: Database, asset_id: AssetId, profile: Profile
) -> None:
    assert wanted(database, asset_id, profile) == {"360p"}


def test_other_chunks_are_not(database: Database, asset_id: AssetId) -> None:
    assert wanted(database, asset_id, ONE.model_copy(update={"chunk_s": 8})) == set()


def leave(database: Database, asset_id: AssetId) -> None:
    fleet.leave(database, WorkerId("w1"))


def damage(database: Database, asset_id: AssetId) -> None:
    with database.write() as tx:
        [(_, job)] = tx.jobs.page(None, 10, JobFilter(asset_id=asset_id))
        task = tx.tasks.of_job(job.id)[0]
        tx.media.add_damage(task.id, job.id, Damage(medium="video", n_missing=1))


def disprove(database: Database, asset_id: AssetId) -> None:
    with database.write() as tx:
        [(_, job)] = tx.jobs.page(None, 10, JobFilter(asset_id=asset_id))
        error = {"code": "certificate.failed", "detail": "frames", "remedy": ""}
        tx.certificates.decide(job.id, CertificateState.FAILED, (), error)


@pytest.mark.parametrize("spoil", [leave, damage, disprove])
def test_nothing_is_lent_of_a_build_nobody_has_of_a_damaged_source_or_of_what_is_wrong(
    database: Database, asset_id: AssetId, spoil: Callable[[Database, AssetId], None]
) -> None:
    spoil(database, asset_id)

    assert wanted(database, asset_id, TWO) == {"360p", "180p"}


def test_what_is_left_to_make_comes_from_the_same_build(
    database: Database, asset_id: AssetId
) -> None:
    submit(database, asset_id, TWO)
    engine.finish(database, engine.must_claim(database, QueueName.PROBE))
    claimed = [engine.claim(database, QueueName.ENCODE_CPU, build="other") for _ in range(5)]

    assert not [one for one in claimed if one and isinstance(one.params, EncodeParams)]


def test_lent_segments_outlive_both_jobs_litter_and_go_with_the_asset(
    database: Database, asset_id: AssetId, tmp_path: Path
) -> None:
    store = DirectoryStore(tmp_path / "objects")
    lent = [s.key for r in playback.timeline(database, asset_id).renditions for s in r.segments]
    for key in lent:
        store.put_bytes(key, b"x", content_type="x/y")
    submit(database, asset_id, TWO)
    engine.finish(database, engine.must_claim(database, QueueName.PROBE))
    engine.must_claim(database, QueueName.ENCODE_CPU)
    tasks.release_all(database)
    with database.write() as tx:
        tx.garbage.add(f"assets/{asset_id}/", delay_s=0.0)

    housekeeping.collect_garbage(database, store, patience_s=0)

    assert {found.key for found in store.list("")} == set(lent)
    assets.delete(database, asset_id)
    housekeeping.collect_garbage(database, store, patience_s=0)
    assert not list(store.list(""))
