"""What 20 publishers of 3 Mbit/s with a viewer each cost a server that has one core."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.bench.live import media, node_media
from tests.bench.live.crowd import Viewer, connected
from tests.bench.live.media import Film
from tests.bench.live.own_door import OwnDoor
from tests.support.nginx_rtmp import NginxRtmp

N_STREAMS, SECONDS = 20, 12
_WARM_S, _LEAST = 2, 0.9


@dataclass(frozen=True)
class Peer:
    """A server that runs."""

    name: str
    pid: int
    publish: Sequence[str]
    watch: Sequence[str]


def measure(ground: Ground) -> Iterator[Figure]:
    """Measure one server after the other, each alone on its core."""
    node_media.install()
    folder, seconds = ground.new_folder("relay"), max(5, ground.scaled(SECONDS))
    film = media.made(folder)
    found = {}
    for peer in (_ours, _node_media, _nginx):
        with _alone(), peer(folder) as running:
            found[running.name] = _percent(running, film, seconds)
    for name, percent in found.items():
        yield reported(f"{N_STREAMS} × 3 Mbit/s, a viewer each: {name}", percent, "% of a core")
    ours = found["our door, spool and all"]
    yield at_most("our door ÷ node-media-server", ours / found["node-media-server"], "×", 1.0)
    yield reported("our door ÷ nginx-rtmp", ours / found["nginx-rtmp"], "×")


@contextmanager
def _alone() -> Iterator[None]:
    """Have what is started here run on the first core, and us afterwards on the others."""
    before = os.sched_getaffinity(0)
    first, *others = sorted(before)
    os.sched_setaffinity(0, {first})
    try:
        _LEFT[:] = others or [first]
        yield
    finally:
        os.sched_setaffinity(0, before)


#: The cores that are left for publishers and viewers.
_LEFT: list[int] = []


@contextmanager
def _ours(folder: Path) -> Iterator[Peer]:
    with OwnDoor(folder / "ours", N_STREAMS) as door:
        yield Peer("our door, spool and all", door.pid, door.publish_urls, door.watch_urls)


@contextmanager
def _node_media(folder: Path) -> Iterator[Peer]:
    with node_media.NodeMedia(folder / "nms") as server:
        rtmp = f"rtmp://127.0.0.1:{server.port}/live"
        flv = f"http://127.0.0.1:{server.http_port}/live"
        yield Peer(
            "node-media-server",
            server.pid,
            [f"{rtmp}/s{n}" for n in range(N_STREAMS)],
            [f"{flv}/s{n}.flv" for n in range(N_STREAMS)],
        )


@contextmanager
def _nginx(folder: Path) -> Iterator[Peer]:
    with NginxRtmp(folder, "application live { live on; }") as server:
        urls = [server.url(f"live/s{n}") for n in range(N_STREAMS)]
        # It speaks no HTTP-FLV: its viewers play by RTMP.
        yield Peer("nginx-rtmp", server.pid, urls, urls)


def _percent(peer: Peer, film: Film, seconds: int) -> float:
    os.sched_setaffinity(0, _LEFT)
    return asyncio.run(_measured(peer, film, seconds))


async def _measured(peer: Peer, film: Film, seconds: int) -> float:
    whole_s = _WARM_S * 2 + seconds + media.ROUND_S
    publishers = await connected(peer.publish, film, whole_s)
    sending = [
        asyncio.ensure_future(one.publish(n / 30 / len(publishers)))
        for n, one in enumerate(publishers)
    ]
    await asyncio.sleep(_WARM_S)
    viewers = [Viewer(url) for url in peer.watch]
    watching = [asyncio.ensure_future(one.watch()) for one in viewers]
    await asyncio.sleep(_WARM_S)
    try:
        before_s, sent, seen = _cpu_s(peer.pid), _bytes(publishers), _bytes(viewers)
        await asyncio.sleep(seconds)
        used_s = _cpu_s(peer.pid) - before_s
        sent, seen = _bytes(publishers) - sent, _bytes(viewers) - seen
        _check(peer, [*sending, *watching], seen / sent)
    finally:
        for task in (*sending, *watching):
            task.cancel()
        await asyncio.gather(*sending, *watching, return_exceptions=True)
    return 100 * used_s / seconds


def _bytes(some: Sequence[object]) -> int:
    return sum(one.n_bytes for one in some)  # type: ignore[attr-defined]


def _check(peer: Peer, tasks: Sequence["asyncio.Future[None]"], share: float) -> None:
    """What was not relayed cost nothing: such a figure would be no figure."""
    for task in tasks:
        if task.done():
            task.result()
            raise RuntimeError(f"{peer.name} ended a connection")
    if share < _LEAST:
        raise RuntimeError(f"viewers of {peer.name} got {share:.0%} of what was sent")


def _cpu_s(pid: int) -> float:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)
