"""Encode the whole sound once, publishing its segments while it runs."""

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from pipeline.core.argv.audio import audio_argv, measure_argv
from pipeline.core.argv.encode import INIT_NAME, OUTPUT_START_S
from pipeline.core.codecs import codecs
from pipeline.core.encryption import encrypt
from pipeline.core.errors import OutputInvalid, Stopped
from pipeline.core.fmp4 import Init, read_init
from pipeline.core.inspection import check_sound
from pipeline.core.loudness import Gain
from schemas.tasks import EncodeAudioParams, EncodeAudioResult, RenditionMade, SegmentMade
from workers.bench import Bench
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import EXPRESS_NICE, Limits
from workers.ffmpeg.loudness import find_gain
from workers.ffmpeg.progress import Progress
from workers.ffmpeg.run import Finished
from workers.ffmpeg.run import run as run_ffmpeg
from workers.steps import surveying

INIT_TYPE = "audio/mp4"
SEGMENT_TYPE = "audio/iso.segment"

#: Sound is some fifty times faster than real time even on slow boxes.
_WALL_FLOOR_S = 900.0
_WALL_PER_MEDIA_SECOND = 1.0
_MEMORY_BYTES = 2 * 2**30
#: A segment of any codec we write is far below this.
_OUTPUT_BYTES = 64 * 2**20
#: Twelve hours of the highest rate, twice.
_SCRATCH_BYTES = 8 * 2**30
#: Longest codec frame: sound may start or end within one of the asset's own start and end.
_FRAME_S = Fraction(1024, 44_100)


def run(params: EncodeAudioParams, bench: Bench) -> EncodeAudioResult:
    """Encode the sound; each segment is checked, stored and published once it is finished.

    Raises:
        MediaDamaged: the source does not decode cleanly and the profile refuses that.
        OutputInvalid: what came out has gaps or is too short.
        LeaseLost: another attempt may have taken over.
        WorkFailed, WorkStalled, ScratchFull, Stopped, StorageUnavailable.
    """
    source = bench.source(params.source)
    gain = _find_gain(params, bench, source)
    (bench.scratch / params.audio.name).mkdir()
    publisher = _Publisher(params, bench)
    # Runs in this thread, twice a second: what it raises ends ffmpeg.
    argv = audio_argv(params, source=str(source), gain=gain)
    ended = _ffmpeg(params, bench, source, argv, publisher.advance)
    publisher.finish()
    bench.report({params.audio.name: 1.0})
    damage = surveying.sound_lost(params, bench, source, is_clean=ended.is_clean)
    return EncodeAudioResult(
        n_segments=publisher.n_published, cpu_s=round(ended.cpu_s, 3), damage=damage
    )


def _find_gain(params: EncodeAudioParams, bench: Bench, source: Path) -> Gain | None:
    """Measure the whole track where a loudness is wished: before it is all heard, none knows."""
    if params.audio.loudness is None:
        return None

    def waiting(_: Progress) -> None:
        bench.report({params.audio.name: 0.0})

    def measure(gain: Gain | None) -> str:
        argv = measure_argv(params, source=str(source), gain=gain)
        return _ffmpeg(params, bench, source, argv, waiting).stderr_tail

    return find_gain(params.audio.loudness, measure)


def _ffmpeg(
    params: EncodeAudioParams,
    bench: Bench,
    source: Path,
    argv: list[str],
    on_progress: Callable[[Progress], None],
) -> Finished:
    return run_ffmpeg(
        argv,
        program=bench.tools.ffmpeg,
        cage=Cage(bench.scratch, (source,)),
        limits=Limits(
            wall_s=_WALL_FLOOR_S + _WALL_PER_MEDIA_SECOND * float(params.facts.duration_s),
            stall_s=bench.tools.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=_OUTPUT_BYTES,
            scratch_bytes=_SCRATCH_BYTES,
            nice=EXPRESS_NICE if params.audio.is_default else Limits.nice,
        ),
        stop=bench.stop,
        on_progress=on_progress,
    )


class _Publisher:
    """Publishes finished segments in order."""

    def __init__(self, params: EncodeAudioParams, bench: Bench) -> None:
        self.n_published = 0
        self._params = params
        self._bench = bench
        self._folder = bench.scratch / params.audio.name
        self._init: Init | None = None
        self._rendition: RenditionMade | None = None
        self._end_ticks: int | None = None

    def advance(self, progress: Progress) -> None:
        """Publish what is finished: each segment that already has a successor."""
        done_s = max(0.0, progress.out_time_s)
        share = min(1.0, done_s / max(1e-3, float(self._params.facts.duration_s)))
        self._bench.report({self._params.audio.name: share}, speed=progress.speed)
        finished = self._new_files(is_ended=False)
        if finished:
            self._publish(finished)

    def finish(self) -> None:
        """Publish the rest and check that the sound reaches the asset's end."""
        self._publish(self._new_files(is_ended=True))
        if self._init is None or self._end_ticks is None:
            raise OutputInvalid("ffmpeg ended well but made no sound.")
        end_s = Fraction(self._end_ticks, self._init.timescale) - OUTPUT_START_S
        missing_s = self._params.facts.duration_s - end_s
        if missing_s > _FRAME_S:
            raise OutputInvalid(f"The sound ends {float(missing_s):.3f} s early.")

    def _new_files(self, *, is_ended: bool) -> list[Path]:
        files: list[Path] = []
        path = self._path(self.n_published)
        while path.exists():
            following = self._path(self.n_published + len(files) + 1)
            if not is_ended and not following.exists():
                break
            files.append(path)
            path = following
        return files

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:05d}.m4s"

    def _publish(self, files: list[Path]) -> None:
        made: list[SegmentMade] = []
        for path in files:
            if self._bench.stop.is_set():
                raise Stopped("asked to stop while publishing sound")
            made.append(self._store(path, self.n_published + len(made)))
        if made:
            self._bench.publish([self._described()], made)
            self.n_published += len(made)

    def _store(self, path: Path, index: int) -> SegmentMade:
        rendition, init = self._described(), self._opened()
        data = path.read_bytes()
        sound = check_sound(data, init, self._end_ticks)
        if self._end_ticks is None:
            _check_start(sound.start_ticks, init)
        self._end_ticks = sound.end_ticks
        if self._params.is_encrypted:
            data = encrypt(data, self._bench.content_key(), index)
            path.write_bytes(data)
        name = f"{rendition.name}/{path.name}"
        return SegmentMade(
            rendition=rendition.name,
            index=index,
            duration_s=sound.duration_s,
            size_bytes=len(data),
            key=self._bench.put(path, name, content_type=SEGMENT_TYPE),
            init_key=rendition.init_key,
        )

    def _opened(self) -> Init:
        if self._init is None:
            self._init = read_init((self._folder / INIT_NAME).read_bytes())
        return self._init

    def _described(self) -> RenditionMade:
        if self._rendition is None:
            path = self._folder / INIT_NAME
            data = path.read_bytes()
            name = f"{self._params.audio.name}/{INIT_NAME}"
            self._rendition = RenditionMade(
                name=self._params.audio.name,
                codecs=codecs(data),
                init_sha256=sha256(data).hexdigest(),
                init_key=self._bench.put(path, name, content_type=INIT_TYPE),
                init_size_bytes=len(data),
            )
        return self._rendition


def _check_start(start_ticks: int, init: Init) -> None:
    off_s = Fraction(start_ticks, init.timescale) - OUTPUT_START_S
    if abs(off_s) > _FRAME_S:
        raise OutputInvalid(f"The sound starts {float(off_s):+.3f} s off the asset's zero.")
