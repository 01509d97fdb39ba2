"""The command line against a house of its own, as a person or a script would use it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client
from compose.cli.exits import Exit
from schemas.vocabulary import QueueName
from tests.support.house import REELMILL, House, reelmill
from tests.support.product import ROOT


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "notes.mp4"
    path.write_text("not a film\n")
    return path


@pytest.fixture(scope="module")
def cut_off(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film without its index, which stood at its end."""
    path = tmp_path_factory.mktemp("cut") / "film.mp4"
    path.write_bytes(film.read_bytes()[:50_000])
    return path


@pytest.fixture(scope="module")
def submitted(house: House, film: Path) -> dict[str, Any]:
    ended = reelmill("submit", film, "--wait", "--json", "--server", house.url)

    assert ended.code == Exit.OK, ended.err
    [entry] = ended.json
    return dict(entry)


def test_a_file_is_handed_in_and_waited_for(submitted: dict[str, Any]) -> None:
    said = {"asset_id", "job_id", "state", "watch_url", "warnings", "error"}
    assert set(submitted) == said
    assert submitted["warnings"] == []
    assert submitted["state"] == "ready"
    assert submitted["error"] is None
    assert httpx.get(submitted["watch_url"]).is_success


def test_it_is_shown_for_people_and_for_programs(house: House, submitted: dict[str, Any]) -> None:
    job, asset = submitted["job_id"], submitted["asset_id"]

    shown = reelmill("jobs", "show", job, "--json", "--server", house.url)
    assert shown.json["state"] == "succeeded"
    assert shown.json["progress"] == 1
    assert {task["kind"] for task in shown.json["tasks"]} >= {"probe", "encode", "package"}
    for arguments in (("jobs", "show", job), ("jobs", "list"), ("assets", "show", asset)):
        ended = reelmill(*arguments, "--server", house.url)
        assert ended.code == Exit.OK, ended.err
        assert job in ended.out or asset in ended.out


def test_lists_are_pages(house: House, submitted: dict[str, Any]) -> None:
    jobs = reelmill("jobs", "list", "--state", "succeeded", "--json", "--server", house.url)
    assets = reelmill("assets", "list", "--limit", "200", "--json", "--server", house.url)

    assert submitted["job_id"] in [job["id"] for job in jobs.json["items"]]
    assert submitted["asset_id"] in [asset["id"] for asset in assets.json["items"]]


def test_a_job_that_is_over_can_still_be_watched(house: House, submitted: dict[str, Any]) -> None:
    job = submitted["job_id"]

    watched = reelmill("jobs", "watch", job, "--json", "--server", house.url)

    assert watched.code == Exit.OK
    assert json.loads(watched.out.splitlines()[0])["type"] == "snapshot"
    assert reelmill("jobs", "watch", job, "--server", house.url).code == Exit.OK


def test_the_fleet_is_shown(house: House) -> None:
    queues = reelmill("queues", "--json", "--server", house.url).json
    workers = reelmill("workers", "--json", "--server", house.url).json

    slots = {queue["name"]: queue["live_slots"] for queue in queues}
    assert all(slots[name] > 0 for name in ("probe", "thumbnails", "encode.cpu", "package"))
    assert any(
        encoder["name"] == "libx264"
        for worker in workers
        for encoder in worker["capabilities"]["encoders"]
    )
    assert "encode.cpu" in reelmill("queues", "--server", house.url).out
    assert "libx264" in reelmill("workers", "--server", house.url).out


def test_a_file_that_cannot_be_played_ends_with_1_and_why(house: House, cut_off: Path) -> None:
    ended = reelmill("submit", cut_off, "--wait", "--json", "--server", house.url)

    assert ended.code == Exit.FAILED
    assert ended.json[0]["state"] == "failed"
    assert ended.json[0]["error"]["code"].startswith("media.")
    shown = reelmill("jobs", "watch", ended.json[0]["job_id"], "--server", house.url)
    assert shown.code == Exit.FAILED
    assert "[media." in shown.err


def test_a_file_that_is_no_media_is_turned_away_at_the_door(house: House, text: Path) -> None:
    ended = reelmill("submit", text, "--wait", "--json", "--server", house.url)

    assert ended.code == Exit.REFUSED
    assert ended.json[0]["asset_id"] is None
    assert ended.json[0]["error"]["code"].startswith("media.")


@pytest.mark.parametrize(
    "arguments",
    [("jobs", "show"), ("jobs", "cancel"), ("jobs", "watch"), ("assets", "delete")],
)
def test_what_is_not_there_ends_with_4(house: House, arguments: tuple[str, ...]) -> None:
    ended = reelmill(*arguments, "nonesuch", "--server", house.url)

    assert ended.code == Exit.REFUSED
    assert "Error:" in ended.err


def test_what_its_state_forbids_ends_with_4(house: House, submitted: dict[str, Any]) -> None:
    ended = reelmill("jobs", "cancel", submitted["job_id"], "--server", house.url)

    assert ended.code == Exit.REFUSED


def test_an_unknown_profile_ends_with_4(house: House, film: Path) -> None:
    ended = reelmill("submit", film, "--profile", "none", "--json", "--server", house.url)

    assert ended.code == Exit.REFUSED
    assert ended.json[0]["error"]["code"] == "profile.unknown"


def test_who_may_watch_and_an_apps_notes_come_with_a_file(house: House, film: Path) -> None:
    wishes = ("--playback", "private", "--metadata", "lesson=7", "--metadata", "of=a=b")
    ended = reelmill("submit", film, *wishes, "--json", "--server", house.url)
    asset = httpx.get(f"{house.url}/api/assets/{ended.json[0]['asset_id']}").json()

    assert ended.code == Exit.OK
    assert (asset["playback"], asset["metadata"]) == ("private", {"lesson": "7", "of": "a=b"})
    for wrong in (("--metadata", "lesson"), ("--playback", "secret")):
        assert reelmill("submit", film, *wrong, "--server", house.url).code == Exit.USAGE


def test_a_job_is_cancelled_retried_and_its_asset_deleted(house: House, film: Path) -> None:
    with Client(house.url) as client:
        # So that it is certainly not over before it is cancelled.
        client.pause(QueueName.PROBE)
        [entry] = reelmill("submit", film, "--json", "--server", house.url).json
        cancelled = reelmill("jobs", "cancel", entry["job_id"], "--json", "--server", house.url)
        client.resume(QueueName.PROBE)

    assert cancelled.code == Exit.OK, cancelled.err
    assert reelmill("jobs", "watch", entry["job_id"], "--server", house.url).code == Exit.FAILED
    retried = reelmill("jobs", "retry", entry["job_id"], "--json", "--server", house.url)
    assert retried.code == Exit.OK, retried.err
    watched = reelmill("jobs", "watch", entry["job_id"], "--server", house.url)
    assert watched.code == Exit.OK, watched.err
    deleted = reelmill("assets", "delete", entry["asset_id"], "--json", "--server", house.url)
    assert deleted.json == {"deleted": entry["asset_id"]}
    shown = reelmill("assets", "show", entry["asset_id"], "--server", house.url)
    assert shown.code == Exit.REFUSED


def test_a_second_process_on_the_folder_is_refused(house: House) -> None:
    ended = reelmill("up", "--data", house.data_dir, "--port", "0")

    assert ended.code == Exit.REFUSED
    assert "[data_dir.in_use]" in ended.err
    assert str(house.process.pid) in ended.err


def test_a_port_in_use_is_refused(house: House, tmp_path: Path) -> None:
    ended = reelmill("up", "--data", tmp_path, "--port", house.url.rsplit(":", 1)[1])

    assert ended.code == Exit.REFUSED
    assert "[http.bind]" in ended.err


def test_a_plan_needs_no_server(film: Path, text: Path) -> None:
    planned = reelmill("plan", film, "--json")

    assert planned.code == Exit.OK, planned.err
    assert planned.json["estimated_bytes"] > 0
    assert [rung["height_px"] for rung in planned.json["plan"]["rungs"]] == [180]
    shown = reelmill("plan", film).out
    for argument in ("libx264", "-force_key_frames", "-hls_segment_type"):
        assert argument in shown
    refused = reelmill("plan", text)
    assert refused.code == Exit.FAILED
    assert "[media." in refused.err


def test_the_doctor_finds_a_fresh_box_in_order(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*REELMILL, "doctor", "--json"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == Exit.OK, ended.stderr
    found = {check["name"]: check["finding"] for check in json.loads(ended.stdout)["checks"]}
    assert set(found) == {
        *("versions", "ffmpeg", "ffprobe", "encoders", "isolation", "database"),
        *("broker", "consumer timeout", "events", "storage", "disk"),
    }
    # A full disk or an old kernel is no fault of the code.
    assert {found[name] for name in found if name not in ("disk", "isolation")} == {"ok"}


def test_run_once_ends_with_its_file(film: Path, text: Path, tmp_path: Path) -> None:
    ran = reelmill("run", film, "--once", "--data", tmp_path, "--port", "0")

    assert ran.code == Exit.OK, ran.err
    assert "Watch it at http://127.0.0.1:" in ran.out
    again = reelmill("run", text, "--once", "--data", tmp_path, "--port", "0")
    assert again.code == Exit.FAILED
    assert "[media." in again.err


def test_run_tells_of_a_file_it_cannot_read(tmp_path: Path) -> None:
    # A file that is there, opens, and fails at the first read, for everybody.
    ended = reelmill("run", "/proc/self/mem", "--once", "--data", tmp_path, "--port", "0")

    assert ended.code == Exit.FAILED
    assert "[file.unreadable]" in ended.err
    assert "Traceback" not in ended.err


def test_links_are_given_and_voided(house: House, submitted: dict[str, Any]) -> None:
    asset = submitted["asset_id"]
    given = reelmill("assets", "link", asset, "--for", "60", "--json", "--server", house.url)
    assert given.code == Exit.OK, given.err
    address = f"{house.url}{given.json['hls_url']}"
    before = httpx.get(address).status_code

    assert reelmill("assets", "unlink", asset, "--server", house.url).code == Exit.OK
    shown = reelmill("assets", "link", asset, "--label", "a b", "--server", house.url)

    assert (before, httpx.get(address).status_code) == (200, 403)
    assert shown.code == Exit.USAGE
