"""A door with its HTTP in a process of its own, to be killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.product import ROOT


@dataclass(frozen=True)
class LiveProcess:
    """It, running."""

    process: subprocess.Popen[bytes]
    port: int
    url: str

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.wait()


@contextmanager
def live_process(data_dir: Path) -> Iterator[LiveProcess]:
    """Run one; ends with it."""
    argv = [sys.executable, "-m", "tests.support.live_process", str(data_dir)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = next(json.loads(line) for line in process.stdout if line.startswith(b"{"))
        try:
            yield LiveProcess(process, told["port"], told["url"])
        finally:
            process.kill()


def _main() -> None:
    from tests.support.live_house import live_house

    with live_house(Path(sys.argv[1])) as house:
        sys.stdout.write(json.dumps({"port": house.door.port, "url": house.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    _main()
