"""What players get over HTTP: ranges, tags, caching, and nothing else than was published."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.vocabulary import QueueName
from tests.support.stage import BODY, Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An asset of a test's own, of which nothing is encoded yet."""
    with staged(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
def playable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One asset for all tests that only read, with its first chunk published."""
    with staged(tmp_path_factory.mktemp("playable")) as stage:
        stage.finish_one(QueueName.ENCODE_CPU)
        yield stage


def test_before_the_first_chunk_there_is_nothing_and_that_is_not_remembered(stage: Stage) -> None:
    for name in ("master.m3u8", "180p.m3u8", "manifest.mpd", "t-1/180p/00000.m4s"):
        answer = stage.client.get(f"{stage.media}/{name}")

        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_growing_playlist_is_asked_for_again_and_grows(stage: Stage) -> None:
    stage.finish_one(QueueName.ENCODE_CPU)
    first = stage.client.get(f"{stage.media}/180p.m3u8")
    same = stage.client.get(
        f"{stage.media}/180p.m3u8", headers={"If-None-Match": first.headers["ETag"]}
    )
    stage.finish_one(QueueName.ENCODE_CPU)
    grown = stage.client.get(
        f"{stage.media}/180p.m3u8", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert first.content_type == "application/vnd.apple.mpegurl"
    assert first.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=2"
    assert same.status_code == 304
    assert same.data == b""
    assert grown.status_code == 200
    assert grown.text.startswith(first.text)
    assert grown.text.count("#EXTINF") > first.text.count("#EXTINF")


def test_every_address_in_the_playlists_can_be_fetched(playable: Stage) -> None:
    master = playable.client.get(f"{playable.media}/master.m3u8").text
    (name,) = re.findall(r"^[^#].*$", master, re.MULTILINE)
    text = playable.client.get(f"{playable.media}/{name}").text
    addresses = re.findall(r'^[^#].*$|URI="([^"]+)"', text, re.MULTILINE)

    for address in filter(None, [*addresses, *re.findall(r"^[^#].*$", text, re.MULTILINE)]):
        assert playable.client.get(f"{playable.media}/{address}").status_code == 200


def test_a_segment_is_kept_for_ever(playable: Stage) -> None:
    answer = playable.client.get(playable.first_segment())
    again = playable.client.get(
        playable.first_segment(), headers={"If-None-Match": f"W/{answer.headers['ETag']}"}
    )

    assert answer.data == BODY
    assert answer.content_type == "video/iso.segment"
    assert answer.headers["Cache-Control"] == ("public, max-age=31536000, immutable, s-maxage=60")
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, len(BODY)),
        ("bytes=300000-", 300_000, len(BODY)),
        ("bytes=10-300000", 10, 300_001),
        ("bytes=511990-999999999", 511_990, len(BODY)),
        ("bytes=-5", len(BODY) - 5, len(BODY)),
        ("bytes=-999999999", 0, len(BODY)),
        ("BYTES=1-2", 1, 3),
    ],
)
def test_a_range_is_answered_exactly(playable: Stage, asked: str, first: int, end: int) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 206
    assert answer.data == BODY[first:end]
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(BODY)}"
    assert answer.headers["Content-Length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=512000-", "bytes=999999999-999999999", "bytes=-0"])
def test_a_range_outside_is_refused(playable: Stage, asked: str) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=x-y", "lines=0-1", f"bytes={'9' * 5000}-", ""],
)
def test_what_is_no_single_range_gets_everything(playable: Stage, asked: str) -> None:
    answer = playable.client.get(playable.first_segment(), headers={"Range": asked})

    assert answer.status_code == 200
    assert len(answer.data) == len(BODY)


def test_a_download_is_resumed_only_of_the_same_object(playable: Stage) -> None:
    address = playable.first_segment()
    etag = playable.client.get(address).headers["ETag"]
    tags = (etag, '"other"', f"W/{etag}", "Wed, 01 Jan 2031 00:00:00 GMT")
    codes = [
        playable.client.get(address, headers={"Range": "bytes=5-", "If-Range": tag}).status_code
        for tag in tags
    ]

    assert codes == [206, 200, 200, 200]


def test_head_tells_all_and_sends_nothing(playable: Stage) -> None:
    answer = playable.client.head(playable.first_segment(), headers={"Range": "bytes=0-4"})

    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.data == b""


def test_a_player_elsewhere_may_ask_for_ranges(playable: Stage) -> None:
    answer = playable.client.options(
        playable.first_segment(),
        headers={"Origin": "https://player.example", "Access-Control-Request-Method": "GET"},
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Range" in answer.headers["Access-Control-Allow-Headers"]


def test_a_client_that_goes_away_closes_the_stream(playable: Stage) -> None:
    answer = playable.client.get(playable.first_segment(), buffered=False)
    blocks = answer.iter_encoded()
    next(blocks)

    # An open file would be a ResourceWarning, which fails the test.
    answer.close()


@pytest.mark.parametrize(
    "path",
    [
        "source",
        "../source",
        "..%2Fsource",
        "%2e%2e/x/source",
        "x/../../source",
        "t-1/",
        "\x00/a",
        "a//b",
    ],
)
def test_nothing_unpublished_is_served(playable: Stage, path: str) -> None:
    assert playable.client.get(f"{playable.media}/{path}").status_code in {308, 404}
    assert playable.client.get(f"/media/other/{path}").status_code in {308, 404}


def test_the_final_playlist_is_the_stored_one(stage: Stage) -> None:
    stage.finish_all(QueueName.ENCODE_CPU)
    stage.finish_all(QueueName.THUMBNAILS)
    stage.finish_one(QueueName.PACKAGE)
    answer = stage.client.get(f"{stage.media}/master.m3u8")

    assert answer.text == "#EXTM3U\n"
    assert answer.content_type == "application/vnd.apple.mpegurl"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
