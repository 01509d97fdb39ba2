"""The client repeats what it got no answer to, and nothing is made twice."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from api.client import ApiError, Client
from schemas.http import JobRequest
from tests.support.served import Served, serving

N_LOST = 2


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@contextmanager
def losing(server: tuple[str, int]) -> Iterator[str]:
    """Stand before a server: the first answers are taken from it and never handed on."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=_stand, args=(listener, server))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    # One that says nothing ends it.
    socket.create_connection(listener.getsockname()).close()
    thread.join()
    listener.close()


def _stand(listener: socket.socket, server: tuple[str, int]) -> None:
    n_seen = 0
    while True:
        client, _ = listener.accept()
        with closing(client), closing(socket.create_connection(server)) as behind:
            asked = client.recv(2**20)
            if not asked:
                return
            while b"}" not in asked:
                asked += client.recv(2**20)
            behind.sendall(asked.replace(b"keep-alive", b"close", 1))
            answer = b"".join(iter(lambda: behind.recv(2**20), b""))
            n_seen += 1
            if n_seen > N_LOST:
                client.sendall(answer)


def test_a_job_whose_answers_are_lost_is_made_once(api: Served, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    asset = api.client.upload(film)

    with losing((api.server.host, api.server.port)) as url, Client(url) as client:
        job = client.submit(JobRequest(asset_id=asset.id))

    assert [each.id for each in api.client.jobs().items] == [job.id]


def test_a_refusal_is_not_repeated(api: Served) -> None:
    with pytest.raises(ApiError) as refusal:
        api.client.submit(JobRequest(asset_id="gone"))

    assert refusal.value.problem.code == "asset.not_found"
