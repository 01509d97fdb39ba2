"""Our door with its HTTP as a process: ``python -m tests.bench.live.own_door FOLDER N``."""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.broadcasting import channel
from tests.support.live_house import live_house
from tests.support.product import ROOT
from tests.support.server import PLAIN_ENV, Server


class OwnDoor(Server):
    """One with so many streams, SQLite and objects in its folder."""

    name = "door"

    def __init__(self, folder: Path, n_streams: int) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder)
        self._n_streams = n_streams

    def argv(self) -> Sequence[str]:
        return [sys.executable, "-m", __name__, str(self.folder / "data"), str(self._n_streams)]

    def env(self) -> Mapping[str, str]:
        return {**PLAIN_ENV, "PYTHONPATH": str(ROOT)}

    def is_answering(self) -> bool:
        return bool(self._told())

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def publish_urls(self) -> list[str]:
        found: list[str] = self._told()["publish"]
        return found

    @property
    def watch_urls(self) -> list[str]:
        found: list[str] = self._told()["watch"]
        return found

    def _told(self) -> Mapping[str, list[str]]:
        said = [line for line in self.output.splitlines() if line.startswith("{")]
        found: Mapping[str, list[str]] = json.loads(said[-1]) if said else {}
        return found


def main(folder: Path, n_streams: int) -> None:
    """Serve until killed; say where, in one line of JSON."""
    with live_house(folder) as house:
        channels = [channel(house.pipeline.database) for _ in range(n_streams)]
        told = {
            "publish": [house.rtmp(one.secret) for one in channels],
            "watch": [f"{house.url}/live/{one.id}.flv" for one in channels],
        }
        print(json.dumps(told), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
