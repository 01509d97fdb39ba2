"""One job through the real product, as `reelmill up` runs it, in a house of its own."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from api.client import Client
from compose import house_key
from schemas.certificate import CertificateState
from schemas.events import EventType
from schemas.http import AssetView, CertificateView, EventMessage, JobRequest
from schemas.vocabulary import JobState
from tests.bench.ground import Ground
from tests.bench.media.sources import Source
from tests.support.house import REELMILL, is_serving
from tests.support.ports import free_port
from tests.support.product import ROOT
from tests.support.server import PLAIN_ENV
from tests.support.waiting import wait_until

_START_S, _STOP_S, _PROOF_S = 60.0, 30.0, 900.0
#: Workers of the embedded form: encodes, short tasks, fetches, proofs.
_N_WORKERS = 4


@dataclass(frozen=True)
class Made:
    """What one job took and gave."""

    asset: AssetView
    #: From the submit, by the database's clock.
    playable_s: float
    ready_s: float
    #: CPU seconds from the submit to the end: Reelmill's own process, and all its children.
    own_cpu_s: float
    children_cpu_s: float


class Mill:
    """A running house and a client of it."""

    def __init__(self, data_dir: Path, client: Client, process: psutil.Process) -> None:
        self.data_dir = data_dir
        self._client = client
        self._process = process

    def upload(self, source: Source) -> AssetView:
        """Hand a file in; what follows is not yet counted."""
        return self._client.upload(source.path)

    def make(self, asset: AssetView, *, profile: str = "default") -> Made:
        """Bring an asset to ready."""
        before = self._process.cpu_times()
        job = self._client.submit(JobRequest(asset_id=asset.id, profile=profile))
        playable_at = None
        for message in self._client.watch(job.id):
            if isinstance(message, EventMessage) and message.event.type is EventType.ASSET_PLAYABLE:
                playable_at = message.event.at
        after = self._process.cpu_times()
        job = self._client.job(job.id)
        if job.state is not JobState.SUCCEEDED or job.finished_at is None:
            raise RuntimeError(f"the job ended as {job.state}: {job.error}")
        ready_s = (job.finished_at - job.created_at).total_seconds()
        playable_s = (playable_at - job.created_at).total_seconds() if playable_at else ready_s
        return Made(
            asset=self._client.asset(asset.id),
            playable_s=playable_s,
            ready_s=ready_s,
            own_cpu_s=after.user + after.system - before.user - before.system,
            children_cpu_s=after.children_user
            + after.children_system
            - before.children_user
            - before.children_system,
        )

    def certificate(self, asset: AssetView) -> CertificateView:
        """Wait until an asset is proven or is found wanting."""
        give_up_at = time.monotonic() + _PROOF_S
        while time.monotonic() < give_up_at:
            view = self._client.certificate(asset.id)
            if view.state is not CertificateState.PENDING:
                return view
            time.sleep(0.5)
        raise TimeoutError(f"asset {asset.id} is not proven after {_PROOF_S:g} s")

    def segments(self, asset: AssetView) -> dict[str, list[str]]:
        """Name the segments players get, by rendition: the lines of its playlists."""
        found = {}
        view = self._client.asset(asset.id)
        for rendition in view.renditions:
            address = f"{self._client.base_url}/media/{asset.id}/{rendition.name}.m3u8"
            lines = httpx.get(address).raise_for_status().text.splitlines()
            found[rendition.name] = [line for line in lines if line and not line.startswith("#")]
        return found

    def is_up(self) -> bool:
        """Tell whether every worker has measured the box and listens."""
        return len(self._client.workers()) == _N_WORKERS


@contextmanager
def running_mill(ground: Ground, name: str, *, profiles_dir: Path | None = None) -> Iterator[Mill]:
    """Run ``reelmill up`` with its defaults; its folder goes with it."""
    data_dir = ground.new_folder(name)
    shutil.copy(ground.capabilities, data_dir)
    port = free_port()
    argv = [*REELMILL, "up", "--data", str(data_dir), "--port", str(port)]
    quiet = {**PLAIN_ENV, "REELMILL_LOG_LEVEL": "WARNING"}
    if profiles_dir is not None:
        quiet["REELMILL_PROFILES_DIR"] = str(profiles_dir)
    with subprocess.Popen(argv, cwd=ROOT, env=quiet) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: is_serving(url), timeout_s=_START_S)
            wait_until(lambda: house_key.find(data_dir) is not None, timeout_s=_START_S)
            kept = house_key.find(data_dir)
            with Client(url, credential=kept and kept.key) as client:
                mill = Mill(data_dir, client, psutil.Process(process.pid))
                wait_until(mill.is_up, timeout_s=_START_S)
                yield mill
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_S)
        finally:
            process.kill()
            shutil.rmtree(data_dir, ignore_errors=True)
