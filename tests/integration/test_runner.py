"""The runner with real processes: limits hold, stops are quick, nothing is left behind."""

import sys
import time
from pathlib import Path
from threading import Event, Timer

import psutil
import pytest

from pipeline.core.errors import Stopped, WorkFailed, WorkStalled
from pipeline.settings import Settings
from workers.ffmpeg import confinement
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.progress import Progress
from workers.ffmpeg.run import capture, read_lines, run
from workers.ffmpeg.tools import find

LIMITS = Limits(wall_s=60.0, stall_s=20.0)
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "null", "-"]


@pytest.fixture(scope="module")
def ffmpeg() -> str:
    return find(Settings())[0]


def python(code: str) -> list[str]:
    return ["-I", "-S", "-c", code]


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


@pytest.mark.parametrize("has_util_linux", [True, False])
def test_output_memory_and_environment_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_util_linux: bool
) -> None:
    if not has_util_linux:
        monkeypatch.setattr(confinement, "_tools", lambda: None)
    limits = Limits(wall_s=20.0, stall_s=20.0, memory_bytes=2**30, output_bytes=4096)
    code = (
        "import os, resource as r; print(r.getrlimit(r.RLIMIT_DATA)[0], os.nice(0), "
        "'NoNewPrivs:\\t1' in open('/proc/self/status').read(), sorted(os.environ), flush=True);"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL);"
        "open('big', 'wb').write(bytes(8192))"
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
    assert lines[0].split()[:3] == [b"1073741824", b"10", b"True"]
    assert b"'PATH'" in lines[0]
    assert b"HOME" not in lines[0]


@pytest.mark.parametrize("has_util_linux", [True, False])
def test_a_child_dies_with_the_process_that_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_util_linux: bool
) -> None:
    if not has_util_linux:
        monkeypatch.setattr(confinement, "_tools", lambda: None)
    inner = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = confinement.confined([sys.executable, *python(inner)], LIMITS)
    # The middle process starts the child as the runner does, hands on its id, and is killed.
    middle = (
        "import os, signal, subprocess\n"
        f"child = subprocess.Popen({command!r}, stdout=subprocess.PIPE, start_new_session=True)\n"
        "print(child.stdout.readline().decode().strip(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    lines: list[bytes] = []

    with pytest.raises(WorkFailed) as caught:
        read_lines(
            python(middle),
            program=sys.executable,
            cage=Cage(tmp_path),
            limits=LIMITS,
            stop=Event(),
            on_line=lines.append,
        )

    assert caught.value.instance_code == "work.killed"
    psutil.wait_procs([psutil.Process(int(pid)) for pid in lines if alive(int(pid))], timeout=5)
    assert not alive(int(lines[0]))


@pytest.mark.parametrize("has_util_linux", [True, False])
def test_a_missing_program_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_util_linux: bool
) -> None:
    if not has_util_linux:
        monkeypatch.setattr(confinement, "_tools", lambda: None)

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
