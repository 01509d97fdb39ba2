"""A file pressed through the real steps, probe to sound, and what came out of them.

No facts made by hand: what the probe states is planned for, and each task of the plan runs on
a bench of its own, as on boxes that never met.
"""

import shutil
import subprocess
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.core.fmp4 import Sample, read_init, read_samples
from pipeline.core.graph import Expansion, NewTask, expand
from pipeline.core.plan import plan
from pipeline.settings import Settings
from schemas.media import MediaFacts
from schemas.plan import Grid, MediaPlan
from schemas.profile import Profile, Rung
from schemas.tasks import (
    EncodeAudioParams,
    EncodeParams,
    EncodeResult,
    ProbeParams,
    ProbeResult,
    SegmentMade,
    SourceRef,
)
from schemas.vocabulary import QueueName, TaskId
from tests.support.clock import read_beeps, read_numbers
from tests.support.folder_bench import ASSET_ID, FolderBench, source_ref, tools
from workers.bench import Tools
from workers.ffmpeg.tools import find
from workers.steps import encode, encode_audio, probe

#: One small rung, segments of a second, chunks of two: seams every other second.
PROFILE = Profile(
    name="pressed",
    ladder=(Rung(name="108p", height_px=108, bitrate_bps=1_500_000),),
    preset="ultrafast",
    segment_s=1,
    chunk_s=4,
    first_chunk_segments=1,
)
#: Where every output begins.
_ZERO_S = 10
_ONE_SOUND_FRAME_S = 1024 / 48_000


class _TaskBench(FolderBench):
    """The bench of one task; what any task stored can be fetched by its key."""

    def __init__(self, folder: Path, name: str, with_tools: Tools) -> None:
        super().__init__(folder / "work" / name, with_tools=with_tools)
        self.prefix = f"assets/{ASSET_ID}/{name}-1/"
        self.stored = folder / "stored" / f"{name}-1"

    def source(self, ref: SourceRef) -> Path:
        name = ref.key.removeprefix(f"assets/{ASSET_ID}/")
        return Path(ref.key) if name == ref.key else self.stored.parent / name


class Pressed:
    """Everything made of one file; renditions are joined as a player's buffer joins them."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        profile: Profile = PROFILE,
        *,
        with_tools: Tools | None = None,
    ) -> None:
        self._folder, self._tools = folder, with_tools or tools()
        self._program, _ = find(Settings())
        original = source_ref(path)
        self.probed: ProbeResult = probe.run(ProbeParams(source=original), self.bench("probe"))
        self.source = self.probed.working_source or original
        self.facts: MediaFacts = self.probed.facts
        self.plan: MediaPlan = plan(self.facts, profile)
        self.segments: dict[str, list[SegmentMade]] = {}
        self.results: list[EncodeResult] = []
        for number, task in enumerate(self._tasks()):
            self._run(task, self.bench(f"task{number}"))

    def bench(self, name: str) -> FolderBench:
        """Set up the bench of a task."""
        return _TaskBench(self._folder, name, self._tools)

    def _tasks(self) -> tuple[NewTask, ...]:
        numbers = iter(range(10_000))
        job = Expansion(
            source=self.source,
            facts=self.facts,
            plan=self.plan,
            rank=0.0,
            encode_queue=QueueName.ENCODE_CPU,
        )
        return expand(job, new_id=lambda: TaskId(f"t{next(numbers)}"))

    def _run(self, task: NewTask, bench: FolderBench) -> None:
        match task.params:
            case EncodeParams() as params:
                made = encode.run(params, bench)
                self.results.append(made)
                self._keep(made.segments)
            case EncodeAudioParams() as params:
                encode_audio.run(params, bench)
                self._keep(bench.published)
            case _:
                pass

    def _keep(self, segments: tuple[SegmentMade, ...] | list[SegmentMade]) -> None:
        for segment in segments:
            self.segments.setdefault(segment.rendition, []).append(segment)

    @property
    def grid(self) -> Grid:
        """The output's grid; the source has a picture."""
        assert self.plan.grid is not None
        return self.plan.grid

    @property
    def top(self) -> str:
        """Name of the highest rung."""
        return self.plan.rungs[0].name

    def stored(self, key: str) -> bytes:
        """Read what a task stored."""
        return (self._folder / "stored" / key.removeprefix(f"assets/{ASSET_ID}/")).read_bytes()

    def samples(self, name: str) -> list[Sample]:
        """List the samples of a rendition, in decoding order."""
        found: list[Sample] = []
        for segment in self.segments[name]:
            found += read_samples(
                self.stored(segment.key), read_init(self.stored(segment.init_key))
            )
        return found

    def timescale(self, name: str) -> int:
        """Ticks a second of a rendition's track."""
        return read_init(self.stored(self.segments[name][0].init_key)).timescale

    def join(self, name: str) -> Path:
        """Join a rendition: its init segment, then all its segments."""
        path = self._folder / f"{name}.mp4"
        if not path.exists():
            parts = self.segments[name]
            with path.open("wb") as joined:
                joined.write(self.stored(parts[0].init_key))
                for part in parts:
                    joined.write(self.stored(part.key))
        return path

    def grey(self, name: str = "") -> np.ndarray:
        """Decode a rung (the highest unless named) to grey pictures: frame × row × column."""
        rung = next(each for each in self.plan.rungs if each.name == (name or self.top))
        data = self._decode(self.join(rung.name), "-pix_fmt", "gray", "-fps_mode", "passthrough")
        return np.frombuffer(data, np.uint8).reshape(-1, rung.height_px, rung.width_px)

    def sound(self, name: str = "", channel: int = 0) -> np.ndarray:
        """Decode one channel; its first sample is heard at ``sound_start_s``."""
        mix = f"pan=mono|c0=c{channel}"
        data = self._decode(
            self.join(name or self.plan.audios[0].name),
            "-af",
            mix,
            "-f",
            "f32le",
            "-c:a",
            "pcm_f32le",
        )
        return np.frombuffer(data, np.float32)

    def sound_start_s(self, name: str = "") -> float:
        """Tell when the first decoded sample is heard, in seconds from the output's zero."""
        name = name or self.plan.audios[0].name
        return self.samples(name)[0].present_ticks / self.timescale(name) - _ZERO_S

    @cached_property
    def sound_rate_hz(self) -> int:
        """Sample rate of the default sound."""
        return self.plan.audios[0].sample_rate_hz

    def _decode(self, path: Path, *flags: str) -> bytes:
        raw = () if "-f" in flags else ("-f", "rawvideo")
        command = [self._program, "-v", "error", "-nostdin", "-i", str(path), *flags, *raw, "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def clear(self) -> None:
        """Give the disk back."""
        shutil.rmtree(self._folder)


def assert_on_grid(made: Pressed, name: str = "") -> None:
    """Check a rung as a whole: one init, each frame at its time, keyframes at segment starts."""
    rung, grid = name or made.top, made.grid
    samples, scale = made.samples(rung), made.timescale(rung)
    assert len({made.stored(part.init_key) for part in made.segments[rung]}) == 1
    assert len(samples) == grid.n_frames
    shown = sorted(sample.present_ticks for sample in samples)
    wanted = [round((_ZERO_S + n / grid.frame_rate) * scale) for n in range(grid.n_frames)]
    assert max(abs(a - b) for a, b in zip(shown, wanted, strict=True)) <= 1
    assert all(a.decode_ticks < b.decode_ticks for a, b in pairwise(samples))
    keys = [number for number, sample in enumerate(samples) if sample.is_sync]
    assert keys == list(range(0, grid.n_frames, grid.segment_frames))
    assert sum(part.duration_s for part in made.segments[rung]) == grid.n_frames / grid.frame_rate


def assert_in_sync(
    made: Pressed,
    rate: Fraction,
    *,
    at_least: int,
    shown_ahead: int = 0,
    held: int | None = None,
) -> None:
    """Check each beep of a clock clip against the picture shown while it begins.

    Holds whatever happened to the file's times, as long as picture and sound shared it.

    Args:
        made: of a clip from ``tests.support.clock``.
        rate: frames a second the clip was numbered at.
        at_least: beeps that must be heard.
        shown_ahead: frames by which the file lets the picture run ahead of its sound.
        held: a picture that stands for others: beeps met there tell nothing.
    """
    numbers, grid = read_numbers(made.grey()), made.grid
    beeps, start_s = read_beeps(made.sound(), made.sound_rate_hz), made.sound_start_s()
    assert len(beeps) >= at_least
    for beep in beeps:
        at_s = start_s + beep.at_s
        shown = numbers[min(len(numbers) - 1, max(0, int(at_s * grid.frame_rate)))]
        if shown == held or (shown_ahead and shown in (numbers[0], numbers[-1])):
            continue  # held before the picture begins, or after it ended
        seen_s = float((shown - shown_ahead) / rate)
        heard_s = beep.moment_near_s(seen_s)
        early_s, late_s = seen_s - heard_s, heard_s - seen_s - float(1 / rate)
        assert max(early_s, late_s) <= _ONE_SOUND_FRAME_S, (
            f"at {at_s:.3f} s the sound of {heard_s:.1f} s meets the picture of {seen_s:.3f} s"
        )
