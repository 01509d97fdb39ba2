"""The ``reelmill`` command: a client of the HTTP API, and the door to every role."""

import sys
from io import TextIOWrapper

from compose.cli.app import run
from compose.cli.exits import hide_tracebacks


def main() -> None:
    """Run the command line and end the process with its exit code."""
    hide_tracebacks()
    if isinstance(sys.stdout, TextIOWrapper):
        # Whoever reads our lines from a pipe wants each when it is written.
        sys.stdout.reconfigure(line_buffering=True)
    sys.exit(run(sys.argv[1:]))
