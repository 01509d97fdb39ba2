"""The programs of a part: one that encodes its rungs, one for sound that players do not take."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from pipeline.core import fmp4
from pipeline.core.argv.encode import INIT_NAME, OUTPUT_START_S
from pipeline.core.argv.live import FILE_PATTERN, Start, picture_argv, sound_argv
from pipeline.core.errors import OutputInvalid
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag, header, tag
from pipeline.core.live.cutting import Piece
from pipeline.core.live.plan import PartPlan, facts_of
from pipeline.core.live.retiming import retimed
from pipeline.core.live.shape import VideoShape
from schemas.plan import AudioPlan
from workers.bench import Tools
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.fed import FedFfmpeg
from workers.ffmpeg.limits import Limits

#: A broadcast has no length; this is only a last bound.
_WALL_S = 14 * 86_400.0
#: Input that is there and not worked on for so long.
_STALL_S = 30.0
_MEMORY_BYTES = 3 * 2**30
_PICTURES_HELD, _BYTES_PER_PIXEL = 120, 3
_FILE_BYTES = 64 * 2**20
#: What waits to be stored stays below this, see ``work``.
_SCRATCH_BYTES = 4 * 2**30
#: Viewers wait for it, before all files.
_NICE = 2


class PictureEncoder:
    """Encodes the rungs of a part; tags in, pieces out."""

    def __init__(
        self, plan: PartPlan, shape: VideoShape, start: Start, folder: Path, tools: Tools
    ) -> None:
        """Start it; it works in the folder."""
        self._files = {rung.name: _Files(folder / rung.name) for rung in plan.encoded}
        self._frame_s = None if plan.frame_rate is None else 1 / plan.frame_rate
        argv = picture_argv(plan, facts_of(shape), start, threads=tools.threads)
        n_pixels = shape.width_px * shape.height_px
        held_bytes = n_pixels * _BYTES_PER_PIXEL * _PICTURES_HELD
        self.ffmpeg = _started(argv, folder, tools, _MEMORY_BYTES + held_bytes)
        self.ffmpeg.add(header(has_audio=False))

    def add(self, added: Tag) -> None:
        """Have it encode this next."""
        self.ffmpeg.add(tag(added.kind, added.timestamp_ms, added.payload))

    def init(self, name: str) -> bytes:
        """Read the init segment of a rung that has a piece."""
        return self._files[name].init_bytes

    def pieces(
        self, next_key_s: Callable[[Fraction], Fraction | None]
    ) -> Iterator[tuple[str, Piece[Path]]]:
        """Tell what is finished, rung by rung.

        Args:
            next_key_s: when the source's next keyframe after a time is, where it decides.

        Raises:
            OutputInvalid: what came out cannot be.
        """
        for name, files in self._files.items():
            for path, is_closed in files.new(is_over=self.ffmpeg.is_over):
                yield name, self._piece(files, path, next_key_s, is_closed=is_closed)

    def _piece(
        self,
        files: "_Files",
        path: Path,
        next_key_s: Callable[[Fraction], Fraction | None],
        *,
        is_closed: bool,
    ) -> Piece[Path]:
        data = path.read_bytes()
        samples = fmp4.read_samples(data, files.init)
        if not samples or not samples[0].is_sync:
            raise OutputInvalid("A piece of a broadcast does not begin with a keyframe.")
        scale = files.init.timescale
        first = min(sample.present_ticks for sample in samples)
        last = max(samples, key=lambda sample: sample.present_ticks)
        last_s = Fraction(last.present_ticks, scale) - OUTPUT_START_S
        if samples[0].present_ticks != first:
            raise OutputInvalid("A piece of a broadcast shows a picture before its keyframe.")
        end_s = last_s + (self._frame_s or Fraction(last.duration_ticks, scale))
        start_s = Fraction(first, scale) - OUTPUT_START_S
        if self._frame_s is None:
            start_s = files.end_s if files.end_s is not None else start_s
            # How long the last picture is shown only the next one tells.
            end_s = (next_key_s(max(start_s, last_s)) if is_closed else None) or end_s
            path.write_bytes(
                retimed(data, files.init, start_s + OUTPUT_START_S, end_s + OUTPUT_START_S)
            )
            files.end_s = end_s if is_closed else None
        return Piece(start_s, end_s, path, is_closed)


class SoundEncoder:
    """Encodes the sound of a part to AAC; tags in, frames out."""

    def __init__(self, audio: AudioPlan, start: Start, folder: Path, tools: Tools) -> None:
        """Start it; it works in the folder."""
        self._files = _Files(folder / audio.name)
        self.ffmpeg = _started(sound_argv(audio, start), folder, tools, _MEMORY_BYTES)
        self.ffmpeg.add(header(has_video=False))

    def add(self, added: Tag) -> None:
        """Have it encode this next."""
        self.ffmpeg.add(tag(MediaKind.AUDIO, added.timestamp_ms, added.payload))

    def frames(self) -> Iterator[tuple[Fraction, bytes]]:
        """Tell the frames that are finished, and when each begins."""
        for path, _ in self._files.new(is_over=self.ffmpeg.is_over):
            data = path.read_bytes()
            path.unlink()
            scale = self._files.init.timescale
            at = next(box.start for box in fmp4.boxes(data) if box.kind == b"mdat")
            for sample in fmp4.read_samples(data, self._files.init):
                begin_s = Fraction(sample.decode_ticks, scale) - OUTPUT_START_S
                yield begin_s, data[at : at + sample.size_bytes]
                at += sample.size_bytes


class _Files:
    """The files of one output, in order; a name appears when its file is whole."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._n = 0
        self._init: fmp4.Init | None = None
        #: Where the last one ends by the source's keyframes, and the next one begins.
        self.end_s: Fraction | None = None

    @property
    def init_bytes(self) -> bytes:
        return (self._folder / INIT_NAME).read_bytes()

    @property
    def init(self) -> fmp4.Init:
        if self._init is None:
            self._init = fmp4.read_init(self.init_bytes)
        return self._init

    def new(self, *, is_over: bool) -> Iterator[tuple[Path, bool]]:
        """List files not told of yet, and whether another one follows each."""
        while (path := self._folder / (FILE_PATTERN % self._n)).exists():
            self._n += 1
            following = self._folder / (FILE_PATTERN % self._n)
            yield path, not is_over or following.exists()


def _started(argv: list[str], folder: Path, tools: Tools, memory_bytes: int) -> FedFfmpeg:
    limits = Limits(
        wall_s=_WALL_S,
        stall_s=_STALL_S,
        memory_bytes=memory_bytes,
        output_bytes=_FILE_BYTES,
        scratch_bytes=_SCRATCH_BYTES,
        nice=_NICE,
    )
    return FedFfmpeg(argv, program=tools.ffmpeg, cage=Cage(folder), limits=limits)
