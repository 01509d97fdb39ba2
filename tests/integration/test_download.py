"""The MP4 to download holds the best rendition and the sound, as the segments have them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from pipeline.settings import Settings
from schemas.profile import Profile
from schemas.vocabulary import AssetId, Encryption, QueueName
from tests.support.clips import Clips
from tests.support.hand_work import SMALL, Hand
from tests.support.served import Served, serving
from workers.ffmpeg.tools import find

ARCHIVE = SMALL.model_copy(update={"name": "small-archive", "has_download": True})
N_FRAMES = 7 * 25


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def asset(served: Served, tmp_path_factory: pytest.TempPathFactory) -> AssetId:
    clips = Clips(tmp_path_factory.mktemp("clips"))
    audio = ("-c:a", "aac", "-metadata:s:a:0", "language=kor")
    clip = clips.constant("25", seconds=7, audio=audio)
    named = clip.path.with_name('휴가 "2026".final.mp4')
    clip.path.rename(named)
    hand = Hand(served.pipeline, tmp_path_factory.mktemp("hand"))
    asset, _ = hand.submit(named, ARCHIVE)
    hand.work(*(queue for queue in QueueName if queue is not QueueName.PACKAGE))
    assert served.client.asset(asset).download_url is None
    hand.work()
    return asset


@pytest.fixture(scope="module")
def path(served: Served, asset: AssetId, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("download") / "download.mp4"
    path.write_bytes(httpx.get(f"{served.url}/media/{asset}/download.mp4").content)
    return path


def test_every_picture_is_there_at_its_time_and_sound_begins_with_them(path: Path) -> None:
    found = _probe(path)
    video, audio = found["streams"]
    times_s = sorted(
        float(packet["pts_time"])
        for packet in found["packets"]
        if packet["stream_index"] == video["index"]
    )

    assert times_s == pytest.approx([n / 25 for n in range(N_FRAMES)], abs=1e-4)
    assert (video["width"], video["height"]) == (320, 180)
    assert float(audio["start_time"]) == 0
    assert float(audio["duration"]) == pytest.approx(7, abs=0.03)
    assert audio["tags"]["language"] == "kor"


def test_its_pictures_and_sound_are_those_of_the_segments(
    served: Served, asset: AssetId, path: Path
) -> None:
    streamed = f"{served.url}/media/{asset}/180p.m3u8"
    heard = f"{served.url}/media/{asset}/audio.m3u8"

    assert _digests(str(path), "0:v") == _digests(streamed, "0:v")
    # MP4 knows more than segments: priming goes, and the last frame ends with the sound.
    saved, streamed = _digests(str(path), "0:a"), _digests(heard, "0:a")
    assert saved[:-1] == streamed[1:-1]
    assert len(saved) == len(streamed) - 1


def test_its_index_comes_first_so_that_it_plays_while_it_loads(path: Path) -> None:
    data = path.read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")


def test_it_is_saved_under_the_name_the_file_came_with(served: Served, asset: AssetId) -> None:
    url = f"{served.url}{served.client.asset(asset).download_url}"
    disposition = httpx.head(url).headers["Content-Disposition"]

    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''%ED%9C%B4%EA%B0%80%20%222026%22.final.mp4" in disposition
    assert httpx.get(url, headers={"Range": "bytes=4-7"}).content == b"ftyp"


def test_a_profile_does_not_give_away_what_it_encrypts() -> None:
    values = {**ARCHIVE.model_dump(), "encryption": Encryption.AES_128}

    with pytest.raises(ValidationError, match="give away"):
        Profile.model_validate(values)


def _probe(path: Path) -> Any:
    _, ffprobe = find(Settings())
    shown = ("-show_streams", "-show_packets", "-of", "json")
    command = [ffprobe, "-v", "error", *shown, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def _digests(source: str, stream: str) -> list[bytes]:
    ffmpeg, _ = find(Settings())
    flags = ["-allowed_segment_extensions", "ALL"] if source.endswith("m3u8") else []
    command = [ffmpeg, "-v", "error", "-nostdin", *flags, "-i", source]
    made = subprocess.run(
        [*command, "-map", stream, "-f", "framemd5", "-"], capture_output=True, check=True
    ).stdout
    return [line.split(b",")[-1] for line in made.splitlines() if not line.startswith(b"#")]
