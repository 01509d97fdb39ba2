"""What one child may touch of this box; whatever is not named here is out of its reach."""

import sys
from dataclasses import dataclass
from pathlib import Path

#: What a child reads that is Python itself: the virtual environment and what it was made from.
PYTHON = (
    Path(sys.prefix) / "pyvenv.cfg",
    *(Path(prefix) / "lib" for prefix in (sys.prefix, sys.base_prefix)),
)


@dataclass(frozen=True)
class Cage:
    """The few things of ours that a child gets, beside its program, libraries and fonts.

    A step names its source and nothing else: ``Cage(bench.scratch, (source,))``.
    """

    #: Where it runs and the only place it may write to. None: it runs in ``/`` and writes nowhere.
    scratch: Path | None
    #: Files and folders that it may read.
    readable: tuple[Path, ...] = ()
    #: Whether it gets at the devices of a GPU and at what their drivers need.
    use_gpu: bool = False
