"""What TUS 1.0 says a server MUST do, said of ours over HTTP; sections as in the protocol."""

import hashlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from pipeline.services.uploads import ending
from tests.support.served import Served, serving
from tests.support.tus import PATH, Tus, b64, checksum, metadata

DATA = bytes(range(256)) * 40
SIZE = len(DATA)
BODY = {"Content_Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("tus") / "data", upload_limit_bytes=10**6) as served:
        yield served


@pytest.fixture
def tus(served: Served) -> Iterator[Tus]:
    with httpx.Client(trust_env=False) as http:
        yield Tus(served.url, {}, http)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# Core


def test_options_tell_version_extensions_limit_and_algorithms(tus: Tus) -> None:
    answer = tus.http.options(tus.url + PATH)

    assert answer.status_code == 204
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "checksum",
        "termination",
        "concatenation",
    }
    assert answer.headers["Tus-Max-Size"] == "1000000"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.content == b""


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_is_refused_and_nothing_is_done(tus: Tus, method: str) -> None:
    at = tus.create(SIZE)
    path = PATH if method == "POST" else at

    answer = tus.ask(method, path, Tus_Resumable="0.2.2", Upload_Length="5", Upload_Offset="0")

    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert tus.offset(at) == 0


def test_every_answer_says_the_version(tus: Tus) -> None:
    at = tus.create(SIZE)
    for answer in (
        tus.ask("HEAD", at),
        tus.send(at, 5, b"x"),
        tus.ask("HEAD", PATH + "/nobody"),
        tus.ask("PUT", at),
        tus.send(at, 0, DATA),
        tus.ask("DELETE", at),
    ):
        assert answer.headers["Tus-Resumable"] == "1.0.0", answer


def test_a_head_tells_offset_and_length_and_is_not_cached(tus: Tus) -> None:
    said = metadata(filename="film.mp4")
    at = tus.create(SIZE, **said)
    tus.send(at, 0, DATA[:100])

    answer = tus.ask("HEAD", at)

    assert answer.status_code == 200
    assert answer.headers["Upload-Offset"] == "100"
    assert answer.headers["Upload-Length"] == str(SIZE)
    assert answer.headers["Upload-Metadata"] == said["Upload-Metadata"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Upload-Defer-Length" not in answer.headers


def test_a_head_of_what_is_not_there_tells_no_offset(tus: Tus) -> None:
    for at in (f"{PATH}/{'0' * 28}", f"{PATH}/no-such-thing"):
        answer = tus.ask("HEAD", at)
        assert answer.status_code == 404
        assert "Upload-Offset" not in answer.headers


def test_a_patch_moves_the_offset(tus: Tus) -> None:
    at = tus.create(SIZE)

    first = tus.send(at, 0, DATA[:7])
    second = tus.send(at, 7, DATA[7:1000])

    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "7")
    assert (second.status_code, second.headers["Upload-Offset"]) == (204, "1000")


def test_a_patch_of_another_type_is_refused(tus: Tus) -> None:
    at = tus.create(SIZE)

    answer = tus.send(at, 0, DATA, **{"Content-Type": "application/octet-stream"})

    assert code(answer) == (415, "upload.media_type")
    assert tus.offset(at) == 0


@pytest.mark.parametrize("offset", [0, 8, SIZE, 10**17])
def test_a_patch_elsewhere_conflicts_and_changes_nothing(tus: Tus, offset: int) -> None:
    at = tus.create(SIZE)
    tus.send(at, 0, DATA[:7])

    answer = tus.send(at, offset, DATA[7:])

    assert code(answer) == (409, "upload.offset")
    assert tus.offset(at) == 7


def test_a_patch_to_nobody_is_not_found(tus: Tus) -> None:
    assert code(tus.send(f"{PATH}/{'0' * 28}", 0, DATA)) == (404, "upload.not_found")


def test_an_empty_patch_is_fine(tus: Tus) -> None:
    at = tus.create(SIZE)

    assert tus.send(at, 0, b"").status_code == 204
    assert tus.offset(at) == 0


def test_the_method_in_the_header_is_the_one_that_counts(tus: Tus) -> None:
    at = tus.create(SIZE)

    said = {**BODY, "X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0"}
    patched = tus.http.post(
        tus.url + at,
        headers={k.replace("_", "-"): v for k, v in said.items()} | {"Tus-Resumable": "1.0.0"},
        content=DATA[:9],
    )
    head = tus.ask("GET", at, X_HTTP_Method_Override="head")
    odd = tus.ask("POST", at, X_HTTP_Method_Override="BREW")
    gone = tus.ask("POST", at, X_HTTP_Method_Override="DELETE")

    assert (patched.status_code, patched.headers["Upload-Offset"]) == (204, "9")
    assert head.headers["Upload-Offset"] == "9"
    assert odd.status_code == 405
    assert gone.status_code == 204
    assert tus.ask("HEAD", at).status_code == 410


def test_the_override_is_for_the_door_alone(tus: Tus) -> None:
    answer = tus.http.post(
        f"{tus.url}/api/assets/{'0' * 28}", headers={"X-HTTP-Method-Override": "DELETE"}
    )

    assert answer.status_code == 405


# Creation


def test_a_creation_answers_with_a_relative_address(tus: Tus) -> None:
    answer = tus.ask("POST", Upload_Length="5", X_Forwarded_Host="evil.example")

    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(PATH + "/")


def test_a_creation_without_a_length_is_refused(tus: Tus) -> None:
    assert code(tus.ask("POST")) == (400, "upload.header")


def test_more_than_the_limit_is_too_large(tus: Tus) -> None:
    assert code(tus.ask("POST", Upload_Length="1000001")) == (413, "request.too_large")


def test_nothing_at_all_is_whole_at_once(tus: Tus) -> None:
    at = tus.create(0)

    assert tus.offset(at) == 0
    assert tus.status(at)["status"] == "processing"


def test_bad_metadata_is_refused(tus: Tus) -> None:
    for said, expected in (
        ("filename ***", "upload.metadata"),
        (f"priority {b64('99')}", "upload.metadata"),
        (f"profile {b64('no-such')}", "profile.unknown"),
    ):
        answer = tus.ask("POST", Upload_Length="5", Upload_Metadata=said)
        assert code(answer) == (400, expected)


# Creation with upload


def test_a_creation_may_bring_the_first_bytes(tus: Tus) -> None:
    answer = tus.http.post(
        tus.url + PATH,
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(SIZE),
            "Content-Type": "application/offset+octet-stream",
        },
        content=DATA[:100],
    )

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "100")
    assert tus.offset(answer.headers["Location"]) == 100


def test_a_creation_whose_bytes_are_refused_leaves_nothing_open(tus: Tus) -> None:
    before = _open(tus)
    page = b"<html><body>" + bytes(5000)

    refused = tus.http.post(
        tus.url + PATH,
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "5012",
            "Content-Type": "application/offset+octet-stream",
        },
        content=page,
    )

    assert refused.status_code in {415, 422}
    assert _open(tus) == before


def _open(tus: Tus) -> list[str]:
    found = tus.http.get(f"{tus.url}/api/uploads?limit=100").json()["items"]
    return [each["uploadId"] for each in found]


def test_a_creation_may_bring_everything(served: Served, tus: Tus) -> None:
    answer = tus.http.post(
        tus.url + PATH,
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(SIZE),
            "Content-Type": "application/offset+octet-stream",
            **checksum(DATA, "sha256"),
        },
        content=DATA,
    )

    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(SIZE))
    stands = tus.status(answer.headers["Location"])
    asset = served.client.asset(stands["assetId"])
    assert asset.sha256 == hashlib.sha256(DATA).hexdigest()


# Deferred length


def test_a_deferred_length_is_said_once_and_stays(tus: Tus) -> None:
    at = tus.create(None)
    assert tus.ask("HEAD", at).headers["Upload-Defer-Length"] == "1"
    tus.send(at, 0, DATA[:50])

    below = tus.send(at, 50, b"", **{"Upload-Length": "49"})
    set_ = tus.send(at, 50, DATA[50:60], **{"Upload-Length": str(SIZE)})
    again = tus.send(at, 60, b"", **{"Upload-Length": str(SIZE)})
    other = tus.send(at, 60, b"", **{"Upload-Length": str(SIZE + 1)})

    assert code(below) == (400, "upload.length")
    assert (set_.status_code, again.status_code) == (204, 204)
    assert code(other) == (400, "upload.length")
    head = tus.ask("HEAD", at).headers
    assert (head["Upload-Length"], head["Upload-Offset"]) == (str(SIZE), "60")
    assert tus.send(at, 60, DATA[60:]).status_code == 204
    assert tus.status(at)["status"] == "processing"


def test_a_deferred_upload_ends_when_the_length_is_what_is_there(tus: Tus) -> None:
    at = tus.create(None)
    tus.send(at, 0, DATA)

    assert tus.status(at)["totalSize"] is None
    assert tus.send(at, SIZE, b"", **{"Upload-Length": str(SIZE)}).status_code == 204
    assert tus.status(at)["status"] == "processing"


def test_a_deferred_upload_stays_within_the_limit(tus: Tus) -> None:
    at = tus.create(None)

    assert code(tus.send(at, 0, b"", **{"Upload-Length": "1000001"}))[0] == 413
    assert tus.send(at, 0, bytes(range(256)) * 4000).status_code in {413, 400}


# Expiration


def test_unfinished_uploads_say_until_when_they_wait(tus: Tus) -> None:
    created = tus.ask("POST", Upload_Length=str(SIZE))
    at = created.headers["Location"]
    patched = tus.send(at, 0, DATA[:10])

    for answer in (created, patched, tus.ask("HEAD", at)):
        assert parsedate_to_datetime(answer.headers["Upload-Expires"]).tzinfo is not None
        assert answer.headers["Upload-Expires"].endswith(" GMT")
    assert "Upload-Expires" not in tus.send(at, 10, DATA[10:]).headers


def test_an_expired_upload_is_gone(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", upload_expiry_s=0.05) as served,
        httpx.Client(trust_env=False) as http,
    ):
        tus = Tus(served.url, {}, http)
        at = tus.create(SIZE)
        tus.send(at, 0, DATA[:10])
        while not ending.expire(served.pipeline.database):
            pass

        assert tus.ask("HEAD", at).status_code == 410
        assert code(tus.send(at, 10, DATA[10:])) == (410, "upload.gone")
        assert "Upload-Offset" not in tus.ask("HEAD", at).headers


# Checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_matching_checksum_is_taken(tus: Tus, algorithm: str) -> None:
    at = tus.create(SIZE)

    assert tus.send(at, 0, DATA[:99], **checksum(DATA[:99], algorithm)).status_code == 204
    assert tus.send(at, 99, DATA[99:], **checksum(DATA[99:], algorithm)).status_code == 204
    assert tus.status(at)["status"] == "processing"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_another_checksum_is_discarded(
    served: Served, tus: Tus, algorithm: str
) -> None:
    at = tus.create(SIZE)
    tus.send(at, 0, DATA[:50])

    wrong = tus.send(at, 50, DATA[50:], **checksum(b"other", algorithm))

    assert code(wrong) == (460, "upload.checksum")
    assert tus.offset(at) == 50
    assert tus.send(at, 50, DATA[50:], **checksum(DATA[50:], algorithm)).status_code == 204
    asset = served.client.asset(tus.status(at)["assetId"])
    assert asset.sha256 in {hashlib.sha256(DATA).hexdigest(), None}


@pytest.mark.parametrize("said", ["md5 AAAA", "sha1", "sha1 !", "sha256 AAAA", ""])
def test_an_unknown_or_broken_checksum_is_refused(tus: Tus, said: str) -> None:
    at = tus.create(SIZE)

    assert code(tus.send(at, 0, DATA, **{"Upload-Checksum": said})) == (400, "upload.header")
    assert tus.offset(at) == 0


# Termination


def test_a_terminated_upload_is_gone_with_its_bytes(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE)
    tus.send(at, 0, DATA[:50])

    assert tus.ask("DELETE", at).status_code == 204
    assert tus.ask("HEAD", at).status_code == 410
    assert tus.ask("DELETE", at).status_code == 410
    assert tus.send(at, 50, DATA[50:]).status_code == 410


def test_terminating_what_became_an_asset_leaves_the_asset(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE)
    tus.send(at, 0, DATA)
    asset_id = tus.status(at)["assetId"]

    assert tus.ask("DELETE", at).status_code == 204
    assert served.client.asset(asset_id).size_bytes == SIZE


# Concatenation


def parts_of(tus: Tus, *pieces: bytes) -> list[str]:
    made = [tus.create(len(piece), **{"Upload-Concat": "partial"}) for piece in pieces]
    for at, piece in zip(made, pieces, strict=True):
        assert tus.send(at, 0, piece).status_code == 204
    return made


def test_parts_make_a_whole_in_their_order(served: Served, tus: Tus) -> None:
    one, two = parts_of(tus, DATA[:70], DATA[70:])
    assert tus.ask("HEAD", one).headers["Upload-Concat"] == "partial"
    assert tus.status(one)["assetId"] is None

    said = f"final;{one} {tus.url}{two} {one}"
    answer = tus.ask("POST", Upload_Concat=said, **metadata(filename="whole.mp4"))

    at = answer.headers["Location"]
    head = tus.ask("HEAD", at).headers
    assert answer.status_code == 201
    assert head["Upload-Concat"] == f"final;{one} {two} {one}"
    assert head["Upload-Length"] == head["Upload-Offset"] == str(SIZE + 70)
    stands = tus.status(at)
    assert (stands["fileName"], stands["status"]) == ("whole.mp4", "processing")
    assert served.client.asset(stands["assetId"]).size_bytes == SIZE + 70


def test_a_final_upload_takes_no_bytes(tus: Tus) -> None:
    (one,) = parts_of(tus, DATA)
    at = tus.ask("POST", Upload_Concat=f"final;{one}").headers["Location"]

    assert code(tus.send(at, SIZE, b"x")) == (403, "upload.final")


def test_a_final_upload_has_no_length_of_its_own(tus: Tus) -> None:
    (one,) = parts_of(tus, DATA)

    answer = tus.ask("POST", Upload_Concat=f"final;{one}", Upload_Length=str(SIZE))

    assert code(answer) == (400, "upload.header")


def test_unfinished_and_strange_parts_are_refused(tus: Tus) -> None:
    open_part = tus.create(SIZE, **{"Upload-Concat": "partial"})
    whole = tus.create(3)
    tus.send(whole, 0, b"abc")

    for at, expected in (
        (open_part, (409, "upload.unfinished_part")),
        (whole, (409, "upload.unfinished_part")),
        (f"{PATH}/{'0' * 28}", (404, "upload.not_found")),
        ("/etc/passwd", (400, "upload.header")),
    ):
        assert code(tus.ask("POST", Upload_Concat=f"final;{at}")) == expected


# Ours


def test_what_is_no_media_is_refused_with_its_first_bytes(tus: Tus) -> None:
    playlist = (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n" + b"# more\n" * 1000)[:5000]
    at = tus.create(len(playlist))

    assert code(tus.send(at, 0, playlist)) == (422, "media.playlist")
    assert tus.offset(at) == 0


def test_more_bytes_than_the_upload_has_are_refused(tus: Tus) -> None:
    at = tus.create(10)

    assert code(tus.send(at, 0, DATA)) == (413, "request.too_large")
    assert tus.offset(at) == 0


def test_the_status_follows(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE, **metadata(filename="../a\x1b.mp4"))
    tus.send(at, 0, DATA[: SIZE // 4])

    stands = tus.status(at)

    assert set(stands) == {
        "uploadId",
        "fileName",
        "totalSize",
        "uploadedSize",
        "percentage",
        "speed",
        "estimatedTime",
        "status",
        "assetId",
        "jobId",
        "expiresAt",
    }
    assert (stands["fileName"], stands["totalSize"], stands["percentage"]) == ("a.mp4", SIZE, 25.0)
    assert (stands["status"], stands["jobId"]) == ("uploading", None)
    assert stands["speed"] > 0
    listed = tus.http.get(f"{served.url}/api/uploads").json()["items"]
    assert stands["uploadId"] in {item["uploadId"] for item in listed}
    tus.send(at, SIZE // 4, DATA[SIZE // 4 :])
    after = tus.status(at)
    assert (after["status"], after["percentage"]) == ("processing", 100.0)
    tus.http.post(f"{served.url}/api/jobs/{after['jobId']}/cancel")
    assert tus.status(at)["status"] == "failed"
