"""Following an upload over its websocket, from its first byte to what came of it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.client.connection import ConnectionLostError, HandshakeError
from pipeline.services import accounts, api_keys, jobs
from schemas.access import AccountRequest, KeyRequest
from schemas.identity import Role
from schemas.vocabulary import JobId
from tests.support.served import Served, serving
from tests.support.sockets import watching
from tests.support.tus import Tus, metadata
from tests.support.wire import Wire

DATA = bytes(range(256)) * 4000
SIZE = len(DATA)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "data") as served:
        yield served


@pytest.fixture
def tus(served: Served) -> Iterator[Tus]:
    with httpx.Client(trust_env=False) as http:
        yield Tus(served.url, {}, http)


def events_of(at: str) -> str:
    return f"/api/upload/status/{at.rpartition('/')[2]}/events"


def test_it_is_told_how_far_it_is_and_what_comes_of_it(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE, **metadata(filename="film.mp4"))
    with watching(served, events_of(at)) as messages:
        first = next(messages)
        tus.send(at, 0, DATA[: SIZE // 2])
        half = next(messages)
        tus.send(at, SIZE // 2, DATA[SIZE // 2 :])
        told = next(messages)
        while told["status"] == "uploading":
            told = next(messages)
        jobs.cancel(served.pipeline.database, JobId(told["jobId"]))
        last = next(messages)
        with pytest.raises(ConnectionLostError) as end:
            next(messages)

    assert (first["status"], first["uploadedSize"], first["fileName"]) == (
        "uploading",
        0,
        "film.mp4",
    )
    assert (half["status"], half["percentage"]) == ("uploading", 50.0)
    assert half["speed"] > 0
    assert (told["status"], told["percentage"]) == ("processing", 100.0)
    assert (last["status"], end.value.code) == ("failed", 1000)


def test_bytes_that_come_in_are_told_of_while_they_do(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE)
    with watching(served, events_of(at)) as messages, Wire(served.url + at) as wire:
        next(messages)
        said = {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": "0",
            "Content-Length": str(SIZE),
        }
        wire.begin("PATCH", urlsplit(served.url + at).path, said)
        wire.send(DATA[:300_000])
        # The store makes safe what came once a second has passed, and with the next bytes.
        told = None
        while told is None:
            wire.send(DATA[300_000:300_001])
            told = next(messages)

    assert told["status"] == "uploading"


def test_one_that_is_deleted_ends_the_socket(served: Served, tus: Tus) -> None:
    at = tus.create(SIZE)
    with watching(served, events_of(at)) as messages:
        next(messages)
        tus.ask("DELETE", at)
        with pytest.raises(ConnectionLostError) as end:
            next(messages)

    assert end.value.code == 4404


def test_a_ticket_is_good_for_its_upload_once(served: Served, tus: Tus) -> None:
    at, other = tus.create(SIZE), tus.create(SIZE)
    asked = {"upload_id": at.rpartition("/")[2]}
    ticket = tus.http.post(f"{served.url}/api/tickets", json=asked).json()["ticket"]

    elsewhere = refused(served, f"{events_of(other)}?ticket={ticket}")
    again = tus.http.post(f"{served.url}/api/tickets", json=asked).json()["ticket"]
    with watching(served, f"{events_of(at)}?ticket={again}") as messages:
        assert next(messages)["status"] == "uploading"
    assert elsewhere == refused(served, f"{events_of(at)}?ticket={again}") == 401


def refused(served: Served, path: str) -> int:
    with pytest.raises(HandshakeError) as error, watching(served, path) as messages:
        next(messages)
    return error.value.status


def test_what_belongs_to_others_is_not_there(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "data", anonymous_role="") as served,
        httpx.Client(trust_env=False) as http,
    ):
        anna, bert = (by_key(served, name, http) for name in ("anna", "bert"))
        nobody = Tus(served.url, {}, http)
        at = anna.create(SIZE)
        anna.send(at, 0, DATA[:100])

        for method in ("HEAD", "DELETE"):
            assert bert.ask(method, at).status_code == 404
            assert nobody.ask(method, at).status_code == 401
        assert bert.send(at, 100, DATA[100:]).status_code == 404
        assert nobody.ask("POST", Upload_Length="5").status_code == 401
        assert nobody.ask("OPTIONS").status_code == 204
        status = f"{served.url}/api/upload/status/{at.rpartition('/')[2]}"
        assert http.get(status, headers=dict(bert.headers)).status_code == 404
        assert http.get(status).status_code == 401
        listed = http.get(f"{served.url}/api/uploads", headers=dict(bert.headers)).json()
        assert listed["items"] == []
        assert refused(served, events_of(at)) == 401
        assert anna.offset(at) == 100
        said = {"Upload-Concat": "partial"}
        part = anna.create(3, **said)
        anna.send(part, 0, b"abc")
        assert bert.ask("POST", Upload_Concat=f"final;{part}").status_code == 404
        assert anna.ask("POST", Upload_Concat=f"final;{part}").status_code == 201


def by_key(served: Served, name: str, http: httpx.Client) -> Tus:
    asked = AccountRequest(name=name, password=f"the password of {name}", role=Role.CREATOR)
    account = accounts.create(served.pipeline.database, asked)
    made = api_keys.create(served.pipeline.database, account.id, KeyRequest(name="tests"))
    return Tus(served.url, {"Authorization": f"Bearer {made.key}"}, http)
