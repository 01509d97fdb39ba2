"""Bad files and the house: each ends in its words, and the same house goes on with good ones."""

from pathlib import Path

import httpx
import pytest

from api.client import Client
from compose.cli.exits import Exit
from schemas.http import JobRequest, JobView
from schemas.vocabulary import JobState
from tests.support import bad_files, breakage
from tests.support.house import House, reelmill
from tests.support.lavfi import make, picture
from tests.support.waiting import wait_until

KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9"}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bad_files.clip(tmp_path_factory.mktemp("good"), seconds=2)


def ended(house: House, path: Path) -> JobView:
    """Hand a file in and wait for the end of its job."""
    with Client(house.url) as client:
        job = client.submit(JobRequest(asset_id=client.upload(path).id))
        wait_until(lambda: client.job(job.id).finished_at is not None, timeout_s=60)
        return client.job(job.id)


def workers(house: House) -> set[str]:
    found = httpx.get(f"{house.url}/api/workers").json()["items"]
    return {worker["id"] for worker in found}


def test_after_each_bad_file_the_same_workers_do_a_good_one(
    house: House, good: Path, tmp_path: Path
) -> None:
    tiny = make(tmp_path / "tiny.mp4", *picture(1, size="64x36"), "-c:v", "libx264")
    assert ended(house, tiny).state is JobState.SUCCEEDED
    working = workers(house)
    bad = {
        "media.text": breakage.written(tmp_path / "text.mp4", b"hello " * 100),
        "media.moov_missing": breakage.cut(tiny, tmp_path / "cut.mp4", 0.5),
        "media.drm": bad_files.fairplay(good, tmp_path / "locked.mp4"),
        "media.too_many_streams": bad_files.many_streams(good, tmp_path / "streams.mp4"),
        "media.undecodable": breakage.spoil(
            good, tmp_path / "noise.mp4", breakage.packets(good, "video"), skip=0, most=10**6
        ),
    }

    for code, path in bad.items():
        job = ended(house, path)
        assert job.error is not None
        assert (job.state, job.error.code) == (JobState.FAILED, code)
        assert [task.attempt for task in job.tasks] == [1]
        assert ended(house, tiny).state is JobState.SUCCEEDED
    assert workers(house) == working


def test_damage_is_published_with_its_count_in_the_readers_language(
    house: House, good: Path, tmp_path: Path
) -> None:
    spoilt = breakage.packets(good, "video")[30:34]
    hurt = breakage.spoil(good, tmp_path / "hurt.mp4", spoilt, skip=0, most=4)

    job = ended(house, hurt)

    assert job.state is JobState.SUCCEEDED
    assert job.warnings[0].code == "media.concealed"
    address = f"{house.url}/api/assets/{job.asset_id}"
    english = httpx.get(address).json()["warnings"][0]
    korean = httpx.get(address, headers=KOREAN).json()["warnings"][0]
    assert english["code"] == korean["code"] == "media.concealed"
    assert english["damage"]["n_missing"] == 4
    assert english["title"] == "Some pictures are damaged"
    assert korean["title"] == "일부 화면이 손상되었습니다"
    assert "4장은 전혀" in korean["detail"]
    page = httpx.get(f"{house.url}/watch/{job.asset_id}", headers=KOREAN)
    assert korean["detail"] in page.text
    shown = reelmill("assets", "show", job.asset_id, "--server", house.url)
    assert "4 not at all" in shown.out
    listed = reelmill("jobs", "show", job.id, "--server", house.url)
    assert "Some pictures are damaged" in listed.out


def test_the_command_line_speaks_the_language_of_its_locale(house: House, tmp_path: Path) -> None:
    text = breakage.written(tmp_path / "notes.mp4", b"hello\n")

    refused = reelmill("submit", text, "--wait", "--server", house.url, locale="ko_KR.UTF-8")
    missing = reelmill("assets", "show", "nothing", "--server", house.url, locale="ko_KR.UTF-8")
    english = reelmill("assets", "show", "nothing", "--server", house.url)

    assert refused.code == Exit.REFUSED
    assert "오류: 텍스트 파일입니다." in refused.err
    assert "[media.text]" in refused.err
    assert missing.code == Exit.REFUSED
    assert "오류: 없는 에셋입니다." in missing.err
    assert "Error: there is no asset nothing" in english.err
