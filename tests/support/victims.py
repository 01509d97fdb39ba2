"""Child processes that get into a chosen state, say so, and are killed in it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREAMBLE = """
import sys, time
from pathlib import Path
from threading import Event
def ready():
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def victim(code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Run code in a process of its own until it calls ``ready()``; it then stays there.

    The code finds the arguments in ``sys.argv[1:]``. Whatever is left at the end is killed.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _PREAMBLE + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n", "the victim ended before it was ready"
            yield process
        finally:
            process.kill()
            process.wait()
