"""What a child process may use before it is stopped."""

from dataclasses import dataclass

#: For what a viewer waits for: three times the share of what else encodes on the box.
EXPRESS_NICE = 5


@dataclass(frozen=True)
class Limits:
    """Bounds of one child process; whatever goes over them is killed with all its group."""

    #: Seconds from start to end.
    wall_s: float
    #: Seconds without any sign of progress.
    stall_s: float
    #: Anonymous memory (RLIMIT_DATA; an address-space limit would break CUDA). None: no limit.
    memory_bytes: int | None = None
    #: Size of any one file it writes, and of what ``capture`` reads from it. None: no limit.
    output_bytes: int | None = None
    #: What all files it makes in its scratch folder take together. None: no limit.
    scratch_bytes: int | None = None
    #: Threads at once; an encoder of many rungs on many cores has a few hundred.
    n_threads: int = 2048
    #: 0 is normal, 19 the most patient; work on media should not starve the server beside it.
    nice: int = 10
