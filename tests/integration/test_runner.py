"""The runner with real processes: limits hold, stops are quick, nothing is left behind."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Timer

import psutil
import pytest

from pipeline.core.errors import Stopped, WorkFailed, WorkStalled
from pipeline.settings import Settings
from tests.support.product import ROOT
from workers.ffmpeg import child
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement.ladder import Ladder
from workers.ffmpeg.confinement.order import Layers
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.progress import Progress
from workers.ffmpeg.run import capture, read_lines, run
from workers.ffmpeg.tools import find

LIMITS = Limits(wall_s=60.0, stall_s=20.0)
SLEEP = "import time; time.sleep(60)"
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "null", "-"]


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    return find(Settings())[0]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that has nothing of the ladder: there children can have children."""
    monkeypatch.setattr(child, "ladder", lambda: Ladder(Layers(), (), {}))


@pytest.fixture(params=["whole", "bare"])
def either(request: pytest.FixtureRequest) -> Layers:
    """A box that has what this one has, and one that has nothing."""
    if request.param == "bare":
        request.getfixturevalue("bare")
    return child.ladder().layers


def python(code: str) -> list[str]:
    return ["-I", "-S", "-c", code]


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_whole_run_reports_progress_and_cpu(ffmpeg: str, tmp_path: Path) -> None:
    seen: list[Progress] = []
    argv = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-c:v", "libx264", "out.mp4"]

    finished = run(
        argv,
        program=ffmpeg,
        cage=Cage(tmp_path),
        limits=LIMITS,
        stop=Event(),
        on_progress=seen.append,
    )

    assert (tmp_path / "out.mp4").stat().st_size > 0
    assert finished.last.frame == seen[-1].frame == 50
    assert finished.cpu_s > 0
    assert finished.n_error_lines == 0


def test_a_stop_ends_ffmpeg_at_once(ffmpeg: str, tmp_path: Path) -> None:
    stop, stopped_at = Event(), 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal stopped_at
        stopped_at = time.monotonic()
        stop.set()

    with pytest.raises(Stopped):
        run(
            ENDLESS,
            program=ffmpeg,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=stop,
            on_progress=on_progress,
        )

    assert 0 < time.monotonic() - stopped_at < 1.5


@pytest.mark.usefixtures("bare")
def test_a_stop_also_ends_a_child_that_ignores_it_and_its_children(tmp_path: Path) -> None:
    code = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN); pid = os.fork();"
        "print(os.getpid() if pid else '', flush=True); time.sleep(60)"
    )
    stop, pids = Event(), list[int]()

    def on_line(line: bytes) -> None:
        if line.strip():
            pids.append(int(line))
            stop.set()

    with pytest.raises(Stopped):
        read_lines(
            python(code),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=stop,
            on_line=on_line,
        )

    assert pids
    assert not alive(pids[0])


@pytest.mark.usefixtures("bare")
def test_a_child_left_by_an_ended_child_is_killed(tmp_path: Path) -> None:
    code = "import os, time; pid = os.fork(); print(pid, flush=True) if pid else time.sleep(60)"

    answer = capture(
        python(code), program=sys.executable, cage=Cage(tmp_path), limits=LIMITS, stop=Event()
    )

    assert not alive(int(answer.split()[0]))


def test_a_child_without_progress_is_stopped(tmp_path: Path) -> None:
    limits = Limits(wall_s=30.0, stall_s=0.3)

    with pytest.raises(WorkStalled, match=r"no progress for 0\.3 s"):
        capture(
            python("import time; time.sleep(60)"),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=limits,
            stop=Event(),
        )


def test_a_child_that_goes_on_for_ever_is_stopped(ffmpeg: str, tmp_path: Path) -> None:
    limits = Limits(wall_s=1.5, stall_s=30.0)

    with pytest.raises(WorkStalled) as caught:
        run(ENDLESS, program=ffmpeg, cage=Cage(tmp_path), limits=limits, stop=Event())

    assert caught.value.instance_code == "work.too_long"


@pytest.mark.parametrize(
    "limits", [Limits(wall_s=2.0, stall_s=30.0), Limits(wall_s=30.0, stall_s=2.0)]
)
def test_whoever_is_stopped_is_told_busy_from_waiting(limits: Limits, tmp_path: Path) -> None:
    def share(code: str) -> float:
        command, cage = python(code), Cage(tmp_path)
        with pytest.raises(WorkStalled) as caught:
            capture(command, program=sys.executable, cage=cage, limits=limits, stop=Event())
        return caught.value.cpu_share

    # Others may share the cores.
    assert share("while True: pass") > 0.2
    assert share(SLEEP) < 0.15


@pytest.mark.parametrize("deaf", ["", "import signal; signal.signal(15, signal.SIG_IGN); "])
def test_what_is_killed_is_gone_and_no_zombie_for_somebody_else(deaf: str, tmp_path: Path) -> None:
    stop, pids = Event(), set[int]()
    # Servers of other tests.
    others = descendants()

    def on_line(line: bytes) -> None:
        pids.update(descendants() - others)
        stop.set()

    with pytest.raises(Stopped):
        read_lines(
            python(f"{deaf}import time; print('ready', flush=True); time.sleep(60)"),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=stop,
            on_line=on_line,
        )

    assert pids
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_an_exception_in_the_callback_leaves_no_child(ffmpeg: str, tmp_path: Path) -> None:
    def on_progress(progress: Progress) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        run(
            ENDLESS,
            program=ffmpeg,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=Event(),
            on_progress=on_progress,
        )

    # Servers of other tests may run beside.
    names = {child.name() for child in psutil.Process().children()}
    assert not [name for name in names if "ffmpeg" in name]


@pytest.mark.usefixtures("either")
def test_output_memory_and_environment_are_bounded(tmp_path: Path) -> None:
    limits = Limits(wall_s=20.0, stall_s=20.0, memory_bytes=2**30, output_bytes=4096)
    code = (
        "import ctypes, os, resource as r; print(r.getrlimit(r.RLIMIT_DATA)[0], "
        "os.getpriority(os.PRIO_PROCESS, 0), "
        "bool(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)), sorted(os.environ), flush=True);"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL);"
        "big = open('big', 'wb'); big.write(bytes(8192)); big.flush()"
    )
    lines: list[bytes] = []

    with pytest.raises(WorkFailed) as caught:
        read_lines(
            python(code),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=limits,
            stop=Event(),
            on_line=lines.append,
        )

    assert caught.value.instance_code == "work.output_too_large"
    assert lines[0].split()[:3] == [b"1073741824", str(min(19, os.nice(0) + 10)).encode(), b"True"]
    assert b"'PATH'" in lines[0]
    assert b"HOME" not in lines[0]


def test_a_child_dies_with_the_process_that_started_it(either: Layers) -> None:
    # The middle process starts the child as the runner does, tells whom it started, is killed.
    middle = (
        "import os, signal, subprocess, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from workers.ffmpeg.confinement.order import Cage, Layers, Limits, confined\n"
        f"inner = [sys.executable, '-I', '-S', '-c', 'print(1, flush=True); input()']\n"
        f"argv = confined(inner, Limits(60, 60), Cage(None), {either!r})\n"
        "child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "below = open(f'/proc/{child.pid}/task/{child.pid}/children').read()\n"
        "print(child.pid, below, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    said = subprocess.run([sys.executable, *python(middle)], stdout=subprocess.PIPE, check=False)

    assert said.returncode == -9
    pids = [int(word) for word in said.stdout.split()]
    assert len(pids) == 1 + either.has_processes
    psutil.wait_procs([psutil.Process(pid) for pid in pids if alive(pid)], timeout=5)
    assert not any(alive(pid) for pid in pids)


@pytest.mark.usefixtures("either")
def test_a_missing_program_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed) as caught:
        run([], program="/nonexistent/ffmpeg", cage=Cage(tmp_path), limits=LIMITS, stop=Event())

    assert caught.value.instance_code == "work.tool_missing"


def test_an_answer_over_the_limit_is_refused(tmp_path: Path) -> None:
    limits = Limits(wall_s=20.0, stall_s=20.0, output_bytes=1000)

    with pytest.raises(WorkFailed) as caught:
        capture(
            python("print('x' * 100000)"),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=limits,
            stop=Event(),
        )

    assert caught.value.instance_code == "work.answer_too_long"


def test_a_flood_on_stderr_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(20000): sys.stderr.write(f'[x] [error] line {n:060}\\n')"

    finished = read_lines(
        python(code),
        program=sys.executable,
        cage=Cage(tmp_path),
        limits=LIMITS,
        stop=Event(),
        on_line=lambda _: None,
    )

    assert finished.n_error_lines == 20000
    assert len(finished.stderr_tail) <= 64 * 1024
    assert finished.stderr_tail.rstrip().endswith("19999")


def test_a_stop_from_another_thread_is_noticed(tmp_path: Path) -> None:
    stop = Event()
    timer = Timer(0.2, stop.set)
    timer.start()
    started_at = time.monotonic()

    with pytest.raises(Stopped):
        capture(
            python("import time; time.sleep(60)"),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=stop,
        )

    assert time.monotonic() - started_at < 2.0
    timer.join()
