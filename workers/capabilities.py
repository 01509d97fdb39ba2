"""Measures what this box can do: which encoders really encode, on how many cores.

A list of encoders says what was compiled in, not what runs: NVENC needs a driver and a free
session. So each is tried on a few frames. The answer is kept on disk for as long as the
programs and devices stay the same, because trying takes seconds.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import structlog
from pydantic import ValidationError

from pipeline.core.argv.encoders import ENCODERS
from pipeline.core.argv.trials import (
    AUDIO_ENCODERS,
    audio_trial_argv,
    tone_mapping_trial_argv,
    video_trial_argv,
)
from pipeline.core.errors import ReelmillError, Unavailable
from pipeline.settings import Settings
from schemas.workers import Capabilities, EncoderAbility
from workers.bench import Tools
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement.ladder import demand, ladder
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture, run
from workers.ffmpeg.tools import find

log = structlog.get_logger(__name__)

_ASK = Limits(wall_s=30.0, stall_s=30.0, output_bytes=4 * 2**20)
_TRY = Limits(wall_s=60.0, stall_s=30.0, nice=0)
#: Trials at once: they are short, and a starting box has nothing else to do.
_TRIALS_AT_ONCE = 2
_DEVICES = ("dev/nvidia*", "dev/dri/renderD*")
_CACHE_NAME = "capabilities.json"


@dataclass(frozen=True)
class _Box:
    """The programs and where to try them."""

    ffmpeg: str
    ffprobe: str
    folder: Path

    def ask(self, *argv: str) -> str:
        answer = capture(
            ["-hide_banner", *argv],
            program=self.ffmpeg,
            cage=Cage(self.folder),
            limits=_ASK,
            stop=Event(),
        )
        return answer.decode("utf-8", "replace")

    def encodes(self, argv: list[str]) -> bool:
        cage = Cage(self.folder, use_gpu=True)
        try:
            run(argv, program=self.ffmpeg, cage=cage, limits=_TRY, stop=Event())
        except ReelmillError:
            return False  # no device, no driver, no session: this box cannot
        return True


def measure(settings: Settings, *, slots: int | None = None) -> tuple[Capabilities, Tools]:
    """Find the programs and try their encoders, or remember when nothing changed.

    ``slots`` tasks share the cores; None means as many as are right for encodes here.

    Raises:
        Unavailable: ffmpeg or ffprobe is missing or does not run, or isolation is required and
            not to be had.
    """
    demand(settings.isolation)
    folder = settings.resolved_scratch_dir
    folder.mkdir(parents=True, exist_ok=True)
    box = _Box(*find(settings), folder)
    cache = settings.data_dir / _CACHE_NAME
    key = _key(box)
    measured = _remembered(cache, key)
    if measured is None:
        measured = _measured(box)
        _remember(cache, key, measured)
    # These change without the programs changing.
    measured = measured.model_copy(
        update={
            "n_cores": n_cores(),
            "scratch_free_bytes": shutil.disk_usage(folder).free,
            "isolation": ladder().holding,
        }
    )
    return measured, _tools(settings, box, measured, slots or encode_slots(settings))


def tell_isolation() -> None:
    """Log how far children are confined here."""
    found = ladder()
    # What is missing of the essential, somebody must decide to live with.
    say = log.warning if found.lacks else log.info
    say("worker.isolation", holding=found.holding, missing=found.missing)


def n_cores() -> int:
    """Count the cores this process may use, which a container may limit."""
    return len(os.sched_getaffinity(0))


def encode_slots(settings: Settings) -> int:
    """Choose how many encodes run at once, unless it is set.

    Half the cores, but two from two cores on: while one chunk is checked and stored, or starts,
    the other has the cores.
    """
    return settings.worker_slots or max(min(2, n_cores()), n_cores() // 2)


def _tools(settings: Settings, box: _Box, measured: Capabilities, slots: int) -> Tools:
    return Tools(
        ffmpeg=box.ffmpeg,
        ffprobe=box.ffprobe,
        encoders=tuple(encoder.name for encoder in measured.encoders),
        encoder_build=measured.encoder_build,
        threads=settings.encoder_threads or -(-measured.n_cores // slots),
        # Each task says for itself from which queue it was claimed.
        use_gpu=False,
        stall_s=settings.stall_s,
        max_source_pixels=settings.max_source_pixels,
        max_source_duration_s=settings.max_source_duration_s,
        max_source_streams=settings.max_source_streams,
        can_tone_map=measured.can_tone_map,
    )


def _measured(box: _Box) -> Capabilities:
    try:
        version, listed = box.ask("-version"), box.ask("-encoders")
    except ReelmillError as error:
        raise Unavailable(
            f"{box.ffmpeg} does not run: {error.detail}",
            code="unavailable.ffmpeg",
            remedy="Set REELMILL_FFMPEG to an ffmpeg that runs here.",
        ) from error
    names = _listed(listed)
    with ThreadPoolExecutor(_TRIALS_AT_ONCE, thread_name_prefix="trial") as pool:
        works = dict(zip(names, pool.map(lambda name: _works(box, name), names), strict=True))
    encoders = [
        EncoderAbility(name=name, is_gpu=name in ENCODERS and ENCODERS[name].is_gpu)
        for name in names
        if works[name]
    ]
    return Capabilities(
        ffmpeg_version=version.removeprefix("ffmpeg version ").split(" ", 1)[0],
        encoder_build=_digest([version, listed]),
        encoders=tuple(encoders),
        n_cores=1,
        scratch_free_bytes=0,
        can_tone_map=box.encodes(tone_mapping_trial_argv()),
    )


def _works(box: _Box, name: str) -> bool:
    argv = audio_trial_argv(name) if name in AUDIO_ENCODERS else video_trial_argv(name)
    return box.encodes(argv)


def _listed(text: str) -> list[str]:
    """Name those of our encoders that were compiled in, in our order of preference."""
    compiled_in = set(re.findall(r"^ [VA]\S{5} (\S+)", text, re.MULTILINE))
    return [name for name in (*ENCODERS, *AUDIO_ENCODERS) if name in compiled_in]


def _key(box: _Box) -> str:
    """Digest of all that could change the answer: programs, our trials, devices."""
    facts = [f"{path}:{_stamp(path)}" for path in (box.ffmpeg, box.ffprobe)]
    trials = [" ".join(video_trial_argv(name)) for name in ENCODERS]
    trials.append(" ".join(tone_mapping_trial_argv()))
    devices = [str(path) for pattern in _DEVICES for path in sorted(Path("/").glob(pattern))]
    return _digest([*facts, *trials, *devices])


def _stamp(path: str) -> str:
    status = Path(path).stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _remembered(cache: Path, key: str) -> Capabilities | None:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return Capabilities.model_validate(kept["capabilities"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None  # no cache, or one of another version


def _remember(cache: Path, key: str, measured: Capabilities) -> None:
    kept = {"key": key, "capabilities": measured.model_dump(mode="json")}
    # Without the cache the next start is slower, no more.
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(cache)
