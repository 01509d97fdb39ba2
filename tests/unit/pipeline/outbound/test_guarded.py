"""The guarded way out, against a real server."""

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from pipeline.core.egress import Rules
from pipeline.core.errors import (
    ReelmillError,
    Stopped,
    TooLarge,
    UrlFailed,
    UrlRefused,
    UrlUnreachable,
)
from pipeline.outbound.guarded import GuardedOutbound
from pipeline.outbound.port import Answer, Call
from tests.support.origin import Origin, Visit, origin
from tests.support.private_urls import PRIVATE_ANSWERS, PRIVATE_URLS

#: Those that a header can hold; relative ones lead back to the server itself.
IN_A_HEADER = [url for url in PRIVATE_URLS if url and url.isascii() and url.isprintable()]
HERE = Rules.read("127.0.0.1/32")


class Names:
    """A resolver of the test's own: answers in turn, the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def hello(visit: Visit) -> None:
    visit.answer(200, b"hello", etag='"1"')


@pytest.fixture
def server() -> Iterator[Origin]:
    with origin({"/": hello, "/film.mp4": hello}) as running:
        yield running


def read(outbound: GuardedOutbound, call: Call, limit_bytes: int = 2**20) -> tuple[Answer, bytes]:
    with outbound.call(call) as answer:
        return answer, answer.read(limit_bytes)


def refused(outbound: GuardedOutbound, call: Call) -> ReelmillError:
    with pytest.raises(ReelmillError) as refusal:
        read(outbound, call)
    return refusal.value


def test_an_answer_comes_with_its_headers(server: Origin) -> None:
    answer, body = read(GuardedOutbound(HERE), Call(server.url("/?a=%20b")))

    assert (answer.status, answer.headers["etag"], body) == (200, '"1"', b"hello")
    assert server.visits[0].path == "/?a=%20b"


def test_nothing_of_the_environment_has_a_part_in_it(
    server: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    read(GuardedOutbound(HERE), Call(server.url()))

    assert set(server.visits[0].headers) == {
        *("host", "user-agent", "accept", "accept-encoding", "connection")
    }
    assert server.visits[0].headers["accept-encoding"] == "identity"


def test_a_body_is_sent_with_the_callers_headers(server: Origin) -> None:
    read(
        GuardedOutbound(HERE),
        Call(server.url(), method="POST", headers={"X-Signed": "yes"}, body=b'{"a": 1}'),
    )

    visit = server.visits[0]
    assert (visit.method, visit.body, visit.headers["x-signed"]) == ("POST", b'{"a": 1}', "yes")


def test_a_name_is_resolved_once_and_its_address_connected_to(server: Origin) -> None:
    names = Names(["127.0.0.1"])

    read(GuardedOutbound(HERE, resolver=names), Call(server.url(host="films.example")))

    assert names.asked == ["films.example"]
    assert server.visits[0].headers["host"] == f"films.example:{server.port}"


def test_a_name_that_turns_private_is_refused(server: Origin) -> None:
    # Public when it was admitted, private when it is connected to: what rebinding does.
    names = Names(["8.8.8.8"], ["127.0.0.1"])
    names("films.example", 80)
    outbound = GuardedOutbound(Rules.read("", f"{server.port}"), resolver=names)

    error = refused(outbound, Call(server.url(host="films.example")))

    assert error.instance_code == "url.private"
    assert server.visits == []


def test_a_name_may_not_turn_private_at_a_redirect(server: Origin) -> None:
    server.scripts["/away"] = lambda visit: visit.answer(302, location="/film.mp4")
    # The first answer leads to the server as if it were public, the second somewhere private.
    names = Names(["127.0.0.1"], ["127.0.0.2"])

    error = refused(
        GuardedOutbound(HERE, resolver=names),
        Call(server.url("/away", host="films.example"), redirects=5),
    )

    assert error.instance_code == "url.private"
    assert [visit.path for visit in server.visits] == ["/away"]


@pytest.mark.parametrize("answer", PRIVATE_ANSWERS)
def test_one_private_answer_among_public_ones_refuses_all(server: Origin, answer: str) -> None:
    outbound = GuardedOutbound(
        Rules.read("", str(server.port)), resolver=Names(["8.8.8.8", answer])
    )

    assert refused(outbound, Call(server.url(host="films.example"))).instance_code == "url.private"


def test_the_next_address_is_tried_where_one_does_not_answer(server: Origin) -> None:
    names = Names(["127.0.0.9", "127.0.0.1"])

    outbound = GuardedOutbound(Rules.read("127.0.0.0/8"), resolver=names)

    assert read(outbound, Call(server.url(host="films.example")))[1] == b"hello"


@pytest.mark.parametrize("location", IN_A_HEADER, ids=ascii)
def test_no_redirect_leads_into_our_network(server: Origin, location: str) -> None:
    server.scripts["/away"] = lambda visit: visit.answer(302, location=location)
    # The server may be asked, by its name and port; nothing else of 127.0.0.0/8 may.
    outbound = GuardedOutbound(HERE, resolver=Names(["127.0.0.1"], ["127.0.0.2"]))

    error = refused(outbound, Call(server.url("/away", host="films.example"), redirects=5))

    assert error.instance_code.startswith("url.")
    assert len(server.visits) == 1


def test_redirects_are_followed_as_far_as_wanted(server: Origin) -> None:
    for number in range(6):
        server.scripts[f"/{number}"] = _away(f"/{number + 1}" if number < 5 else "/film.mp4")
    outbound = GuardedOutbound(HERE)

    answer, _ = read(outbound, Call(server.url("/1"), redirects=5))
    assert answer.url.path == "/film.mp4"
    assert refused(outbound, Call(server.url("/0"), redirects=5)).instance_code == "url.redirects"


def _away(where: str) -> Callable[[Visit], None]:
    return lambda visit: visit.answer(307, location=where)


def test_a_circle_of_redirects_ends(server: Origin) -> None:
    server.scripts["/round"] = _away("/round")

    error = refused(GuardedOutbound(HERE), Call(server.url("/round"), redirects=5))

    assert error.instance_code == "url.redirects"
    assert len(server.visits) == 6


def test_a_redirect_is_the_answer_where_none_is_wanted(server: Origin) -> None:
    server.scripts["/away"] = _away("http://169.254.169.254/")

    answer, _ = read(GuardedOutbound(HERE), Call(server.url("/away"), method="POST", body=b"x"))

    assert answer.status == 307


def test_credentials_stay_with_the_server_they_are_for(server: Origin) -> None:
    with origin({"/film.mp4": hello}) as other:
        server.scripts["/away"] = _away(other.url("/film.mp4"))
        read(
            GuardedOutbound(HERE),
            Call(server.url("/away"), headers={"Authorization": "Bearer x"}, redirects=1),
        )

        assert "authorization" in server.visits[0].headers
        assert "authorization" not in other.visits[0].headers


def test_a_body_is_read_up_to_its_limit(server: Origin) -> None:
    with pytest.raises(TooLarge):
        read(GuardedOutbound(HERE), Call(server.url()), limit_bytes=4)


def test_an_answer_that_breaks_off_is_an_error(server: Origin) -> None:
    server.scripts["/cut"] = lambda visit: visit.answer(200, b"hel", content_length="5")

    error = refused(GuardedOutbound(HERE), Call(server.url("/cut")))

    assert isinstance(error, UrlUnreachable)
    assert error.instance_code == "url.unreachable"


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_not_http_is_an_error(server: Origin, said: bytes) -> None:
    server.scripts["/odd"] = lambda visit: visit.send(said)

    assert isinstance(refused(GuardedOutbound(HERE), Call(server.url("/odd"))), UrlUnreachable)


def test_endless_headers_are_an_error(server: Origin) -> None:
    def babble(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\n")
        while not visit.is_over.is_set():
            visit.send(b"x-more: " + b"a" * 1000 + b"\r\n")

    server.scripts["/babble"] = babble

    assert isinstance(refused(GuardedOutbound(HERE), Call(server.url("/babble"))), UrlUnreachable)


def test_silence_ends_after_its_patience(server: Origin) -> None:
    server.scripts["/silent"] = lambda visit: visit.is_over.wait(20)

    error = refused(GuardedOutbound(HERE), Call(server.url("/silent"), read_s=0.3))

    assert error.instance_code == "url.timed_out"


def test_dripping_ends_with_the_time_for_all_of_it(server: Origin) -> None:
    def drip(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not visit.is_over.wait(0.05):
            visit.send(b"a")

    server.scripts["/drip"] = drip

    error = refused(GuardedOutbound(HERE), Call(server.url("/drip"), read_s=9, total_s=0.5))

    assert error.instance_code == "url.timed_out"


@pytest.mark.parametrize("drop", [b"HTTP/1.1 102 Processing\r\n\r\n", b"x-more: a\r\n"])
def test_headers_that_drip_end_with_their_time(server: Origin, drop: bytes) -> None:
    def drip(visit: Visit) -> None:
        if not drop.startswith(b"HTTP"):
            visit.send(b"HTTP/1.1 200 OK\r\n")
        while not visit.is_over.wait(0.05):
            visit.send(drop)

    server.scripts["/drip"] = drip

    error = refused(GuardedOutbound(HERE), Call(server.url("/drip"), connect_s=0.1, read_s=0.3))

    assert error.instance_code == "url.timed_out"


def test_a_body_may_take_longer_than_headers(server: Origin) -> None:
    def drip(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n")
        for _ in range(8):
            visit.is_over.wait(0.1)
            visit.send(b"a")

    server.scripts["/drip"] = drip

    assert read(GuardedOutbound(HERE), Call(server.url("/drip"), connect_s=0.05, read_s=0.3))[1]


def test_an_address_is_not_asked_of_a_resolver(server: Origin) -> None:
    names = Names(["127.0.0.9"])

    assert read(GuardedOutbound(HERE, resolver=names), Call(server.url()))[1] == b"hello"
    assert names.asked == []


def test_a_call_that_waits_can_be_stopped(server: Origin) -> None:
    stop, came = Event(), Event()

    def silent(visit: Visit) -> None:
        came.set()
        stop.set()
        visit.is_over.wait(20)

    server.scripts["/silent"] = silent

    with pytest.raises(Stopped):
        read(GuardedOutbound(HERE), Call(server.url("/silent"), is_stopped=stop.is_set))
    assert came.is_set()


def test_a_call_that_resolves_can_be_stopped() -> None:
    stop, over = Event(), Event()

    def never(_host: str, _port: int) -> Sequence[str]:
        stop.set()
        over.wait(20)
        return []

    with pytest.raises(Stopped):
        read(
            GuardedOutbound(Rules(), resolver=never),
            Call("http://films.example/", is_stopped=stop.is_set),
        )
    over.set()


def test_a_call_that_connects_can_be_stopped() -> None:
    # A full backlog: the third handshake is never answered.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        stops_at = time.monotonic() + 0.5
        with pytest.raises(Stopped):
            read(
                GuardedOutbound(HERE),
                Call(f"http://127.0.0.1:{port}/", is_stopped=lambda: time.monotonic() > stops_at),
            )
        for one in waiting:
            one.close()


def test_nobody_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    error = refused(GuardedOutbound(HERE), Call(f"http://127.0.0.1:{port}/"))

    assert error.instance_code == "url.unreachable"


@pytest.mark.parametrize("answers", [[], OSError("no such name")])
def test_a_name_that_stands_for_nothing_is_an_error(answers: object) -> None:
    def resolver(_host: str, _port: int) -> Sequence[str]:
        if isinstance(answers, OSError):
            raise answers
        return []

    error = refused(GuardedOutbound(Rules(), resolver=resolver), Call("http://films.example/"))

    assert error.instance_code == "url.unresolved"


def test_an_address_beside_the_rules_is_refused_before_any_connection(server: Origin) -> None:
    error = refused(GuardedOutbound(Rules()), Call(server.url()))

    assert isinstance(error, UrlRefused)
    assert server.visits == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for films.example that has signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=films.example", "-keyout", str(key)),
            *("-addext", "subjectAltName=DNS:films.example", "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[Origin]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    with origin({"/": hello, "/away": _away("/")}, tls=context) as running:
        yield running


def test_tls_is_spoken_to_the_name_over_the_judged_address(
    secure: Origin, certificate: tuple[Path, Path]
) -> None:
    trust = ssl.create_default_context(cafile=certificate[1])
    outbound = GuardedOutbound(HERE, resolver=Names(["127.0.0.1"]), trust=trust)

    assert read(outbound, Call(secure.url(host="films.example")))[1] == b"hello"
    wrong = refused(outbound, Call(secure.url(host="other.example")))
    assert isinstance(wrong, UrlFailed)
    assert wrong.instance_code == "url.tls"


def test_a_certificate_nobody_signed_is_refused(secure: Origin) -> None:
    outbound = GuardedOutbound(HERE, resolver=Names(["127.0.0.1"]))

    error = refused(outbound, Call(secure.url(host="films.example")))

    assert error.instance_code == "url.tls"
    assert not error.retryable


def test_no_redirect_leaves_tls(
    secure: Origin, server: Origin, certificate: tuple[Path, Path]
) -> None:
    secure.scripts["/away"] = _away(server.url())
    trust = ssl.create_default_context(cafile=certificate[1])
    outbound = GuardedOutbound(HERE, resolver=Names(["127.0.0.1"]), trust=trust)

    error = refused(outbound, Call(secure.url("/away", host="films.example"), redirects=5))

    assert error.instance_code == "url.scheme"
    assert server.visits == []


def test_a_server_without_tls_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            with plain.accept()[0] as sock:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                sock.recv(65536)

        thread = Thread(target=answer)
        thread.start()
        url = f"https://127.0.0.1:{plain.getsockname()[1]}/"

        assert refused(GuardedOutbound(HERE), Call(url)).instance_code == "url.tls"
        thread.join()
