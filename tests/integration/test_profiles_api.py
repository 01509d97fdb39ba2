"""Profiles over HTTP and on the command line."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from compose.cli.app import run
from compose.cli.exits import Exit
from pipeline.core.keys import asset_prefix
from pipeline.profiles import built_in
from pipeline.services import fleet
from schemas.http import JobRequest
from schemas.trim import Trim
from schemas.vocabulary import QueueName, WorkerId
from schemas.workers import Capabilities, EncoderAbility
from tests.support.breakage import box
from tests.support.clips import Clips
from tests.support.served import Served, serving

MARKED = "extends: default\nwatermark: {file: logo.png}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "marked.yaml").write_text(MARKED)
    picture = ["-f", "lavfi", "-i", "color=red:s=8x4", "-frames:v", "1"]
    Clips(folder).run([*picture, str(folder / "logo.png")])
    return folder


@pytest.fixture(scope="module")
def api(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data"), profiles_dir=folder) as served:
        yield served


def test_the_list_has_the_built_in_profiles_and_the_operators(api: Served, folder: Path) -> None:
    found = {profile.name: profile for profile in api.client.profiles()}

    assert found.keys() == {*built_in().profiles, "marked"}
    assert found["fast"] == api.client.profile("fast") == built_in().get("fast")
    mark = found["marked"].watermark
    assert mark is not None
    assert base64.b64decode(mark.png_base64) == (folder / "logo.png").read_bytes()


def test_a_profile_that_is_not_there_is_not_found(api: Served) -> None:
    answer = httpx.get(f"{api.url}/api/profiles/8k")

    assert (answer.status_code, answer.json()["code"]) == (404, "profile.unknown")
    assert "vp9-opus" in answer.json()["remedy"]


def test_a_job_stores_its_watermark_beside_the_source(api: Served, folder: Path) -> None:
    asset_id = api.client.upload(folder / "logo.png").id

    api.client.submit(JobRequest(asset_id=asset_id, profile="marked"))

    stored = [each.key for each in api.pipeline.storage.list(asset_prefix(asset_id))]
    (mark,) = (key for key in stored if "watermark-" in key)
    with api.pipeline.storage.open(mark) as blocks:
        assert b"".join(blocks) == (folder / "logo.png").read_bytes()


def test_a_job_may_bring_a_trim_of_its_own(api: Served, folder: Path) -> None:
    asset_id = api.client.upload(folder / "logo.png").id

    job = api.client.submit(JobRequest(asset_id=asset_id, trim=Trim(start_s="1.5", end_s=4)))

    with api.pipeline.database.read() as tx:
        row = tx.jobs.get(job.id)
    assert row is not None
    assert row.profile == built_in().get("default").model_copy(
        update={"trim": Trim(start_s="1.5", end_s=4)}
    )
    backward = {"asset_id": asset_id, "trim": {"start_s": 4, "end_s": 1}}
    answer = httpx.post(f"{api.url}/api/jobs", json=backward)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert answer.json()["errors"][0]["field"] == "trim"


def test_what_no_worker_can_encode_is_refused_once_one_is_there(api: Served, folder: Path) -> None:
    asset_id = api.client.upload(folder / "logo.png").id
    wished = {"asset_id": asset_id, "profile": "av1"}

    assert httpx.post(f"{api.url}/api/jobs", json=wished).status_code == 202
    with worker(api, "libx264", "aac"):
        refused = httpx.post(f"{api.url}/api/jobs", json=wished)
        opus = httpx.post(f"{api.url}/api/jobs", json=wished | {"profile": "vp9-opus"})
        audio = httpx.post(f"{api.url}/api/jobs", json=wished | {"profile": "audio"})
        dry = httpx.post(f"{api.url}/api/jobs", json=wished | {"dry_run": True})
    with worker(api, "libvpx-vp9", "aac"):
        silent = httpx.post(f"{api.url}/api/jobs", json=wished | {"profile": "vp9-opus"})

    assert (refused.status_code, refused.json()["code"]) == (409, "profile.not_encodable")
    assert "av1" in refused.json()["detail"]
    assert "vp9" in opus.json()["detail"]
    assert "opus" in silent.json()["detail"]
    assert (audio.status_code, dry.status_code) == (202, 202)


def test_the_command_line_asks_for_a_stretch(
    api: Served, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = folder / "film.mp4"
    # As much as the door looks at: it takes no still pictures.
    film.write_bytes(box(b"ftyp", b"isom", bytes(4), b"isom") + box(b"free", bytes(2048)))

    assert run(["submit", str(film), "--trim", "1.5-4", "--server", api.url]) == Exit.OK
    for wrong in ("5", "-", "4-1", "a-b"):
        assert run(["submit", str(film), "--trim", wrong, "--server", api.url]) == Exit.USAGE
        assert "must be like 12.5-60" in capsys.readouterr().err

    with api.pipeline.database.read() as tx:
        newest = tx.jobs.get(api.client.jobs(limit=1).items[0].id)
    assert newest is not None
    assert newest.profile.trim == Trim(start_s="1.5", end_s=4)


@contextmanager
def worker(api: Served, *encoders: str) -> Iterator[None]:
    """Have a worker there that encodes so."""
    able = Capabilities(
        ffmpeg_version="9",
        encoder_build="b",
        encoders=tuple(EncoderAbility(name=name, is_gpu=False) for name in encoders),
        n_cores=1,
        scratch_free_bytes=1,
    )
    database, name = api.pipeline.database, WorkerId("w")
    fleet.register(database, name, "here", (QueueName.ENCODE_CPU,), 1, able)
    yield
    fleet.leave(database, name)


def test_profiles_on_the_command_line(
    api: Served, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["profiles", "list", "--server", api.url]) == Exit.OK
    assert "HEVC up to 2160p" in capsys.readouterr().out
    assert run(["profiles", "show", "fast", "--server", api.url]) == Exit.OK
    assert '"preset": "superfast"' in capsys.readouterr().out
    assert run(["profiles", "show", "8k", "--server", api.url]) == Exit.REFUSED
    assert "[profile.unknown]" in capsys.readouterr().err


def test_a_file_is_checked_without_a_server(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("extends: default\ncrf: 99\n")

    assert run(["profiles", "check", str(folder / "marked.yaml")]) == Exit.OK
    assert "the profile marked" in capsys.readouterr().out
    assert run(["profiles", "check", str(wrong)]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "wrong.yaml, line 2: crf: Input should be less than or equal to 51" in said
    assert "[profile.invalid]" in said


def test_nothing_starts_with_a_profile_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.yaml").write_text("crf: 20\n")
    monkeypatch.setenv("REELMILL_PROFILES_DIR", str(tmp_path))

    assert run(["up", "--data", str(tmp_path / "data"), "--port", "0"]) == Exit.USAGE

    assert "wrong.yaml: ladder: Field required" in capsys.readouterr().err
