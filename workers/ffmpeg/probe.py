"""Looks into one source: describes it, walks its packets, tries seeks and decoders.

Each question is one short process under limits. What the table of ``failures`` cannot name is
here the file's fault: the box is healthy enough to ask, and asking again gives the same answer.
So it is where a question kept the child busy to the end of its time. One that only waited had no
box to answer it, and is asked again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from pipeline.core.argv.probing import (
    decode_argv,
    describe_argv,
    fields_argv,
    frames_argv,
    packets_argv,
    seek_argv,
)
from pipeline.core.errors import (
    MediaDamaged,
    MediaError,
    MediaUnsupported,
    NotMedia,
    WorkFailed,
    WorkStalled,
)
from pipeline.core.packets import PacketScan
from pipeline.core.scan import judged
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import Finished, capture, read_lines, run

_MEMORY_BYTES = 2 * 2**30
_ANSWER_BYTES = 8 * 2**20
_ASK_S, _SCAN_S = 60.0, 3600.0
#: How often a walk over packets tells that it goes on.
_TELL_PACKETS = 5_000
_DECODED_FRAMES = 3


@dataclass(frozen=True)
class Prober:
    """Asks about one file."""

    ffmpeg: str
    ffprobe: str
    source: Path
    #: What the first bytes say it is; None lets ffprobe guess among safe demuxers.
    demuxer: str | None
    scratch: Path
    stop: Event
    stall_s: float
    threads: int
    max_pixels: int
    max_streams: int

    def describe(self) -> dict[str, Any]:
        """Return ffprobe's JSON of format and streams.

        Raises:
            MediaError: it is no media, damaged, or too much.
        """
        argv = describe_argv(
            str(self.source),
            demuxer=self.demuxer,
            max_pixels=self.max_pixels,
            # One more than accepted, so that the refusal can say how many there are.
            max_streams=self.max_streams + 1,
        )
        try:
            with _blaming_the_file():
                answer: dict[str, Any] = json.loads(self._capture(argv))
        except MediaDamaged as error:
            if self.demuxer is not None:
                raise
            # Nothing but a guess said that this is media at all.
            raise NotMedia(error.detail) from error
        return answer

    def walk(
        self, scan: PacketScan, *, first_s: float | None, on_packets: Callable[[], None]
    ) -> Finished:
        """Read every packet, or those of the first seconds, into ``scan``."""
        argv = packets_argv(
            str(self.source),
            demuxer=self.demuxer,
            max_pixels=self.max_pixels,
            max_streams=self.max_streams + 1,
            first_s=first_s,
        )

        def on_line(line: bytes) -> None:
            scan.line(line)
            if scan.n_packets % _TELL_PACKETS == 0:
                on_packets()

        with _blaming_the_file():
            return read_lines(
                argv,
                program=self.ffprobe,
                cage=self._cage(),
                limits=self._limits(_SCAN_S),
                stop=self.stop,
                on_line=on_line,
            )

    def seek(self, stream_index: int, at_s: float) -> float | None:
        """Tell the time of the packet that a seek lands on; None where none comes."""
        argv = seek_argv(
            str(self.source), demuxer=self.demuxer, stream_index=stream_index, at_s=at_s
        )
        try:
            with _blaming_the_file():
                answer = self._capture(argv).strip(b",\n")
        except MediaDamaged:
            return None  # a broken index leads nowhere; the packets are there all the same
        return float(answer) if answer[:1].isdigit() or answer[:1] == b"-" else None

    def decode(self, stream_index: int) -> Finished:
        """Decode the first few frames of a stream that decode at all.

        Raises:
            MediaDamaged: ``media.undecodable``, there are none.
            MediaUnsupported: there is no decoder.
        """
        argv = decode_argv(
            str(self.source),
            demuxer=self.demuxer,
            stream_index=stream_index,
            n_frames=_DECODED_FRAMES,
            threads=self.threads,
        )
        with _blaming_the_file():
            finished = run(
                argv,
                program=self.ffmpeg,
                cage=self._cage(),
                limits=self._limits(_ASK_S),
                stop=self.stop,
            )
        if finished.last.frame == 0 and finished.last.out_time_s <= 0:
            raise MediaDamaged("nothing of the track decodes", code="media.undecodable")
        return finished

    def look(self, stream_index: int, places_s: Sequence[float], n_frames: int) -> list[Any]:
        """Return ffprobe's JSON of some pictures; nothing where it cannot decode them."""
        argv = frames_argv(
            str(self.source),
            demuxer=self.demuxer,
            stream_index=stream_index,
            places_s=places_s,
            n_frames=n_frames,
        )
        try:
            frames: list[Any] = json.loads(self._capture(argv)).get("frames", [])
        except (MediaError, WorkFailed, ValueError):
            return []  # whether the file is at fault, the decoders that matter will say
        return frames

    def fields(self, stream_index: int, at_s: float, n_frames: int) -> list[tuple[str, str]]:
        """Tell of some pictures which field each repeats, and how it was scanned."""
        argv = fields_argv(
            str(self.source),
            demuxer=self.demuxer,
            stream_index=stream_index,
            at_s=at_s,
            n_frames=n_frames,
            threads=self.threads,
        )
        with _blaming_the_file():
            return judged(self._capture(argv, self.ffmpeg).decode("ascii", "replace"))

    def _capture(self, argv: Sequence[str], program: str = "") -> bytes:
        return capture(
            argv,
            program=program or self.ffprobe,
            cage=self._cage(),
            limits=self._limits(_ASK_S),
            stop=self.stop,
        )

    def _cage(self) -> Cage:
        return Cage(self.scratch, (self.source,))

    def _limits(self, wall_s: float) -> Limits:
        return Limits(
            wall_s=wall_s,
            stall_s=self.stall_s,
            memory_bytes=_MEMORY_BYTES,
            output_bytes=_ANSWER_BYTES,
            scratch_bytes=_ANSWER_BYTES,
        )


#: Questions take a small part of a second. Whoever computed for this share of a limit, on however
#: crowded a box, had many times that.
_BUSY_SHARE = 0.2


@contextmanager
def _blaming_the_file() -> Iterator[None]:
    try:
        yield
    except WorkStalled as error:
        if error.cpu_share < _BUSY_SHARE:
            raise
        raise MediaUnsupported(error.detail, code="media.too_complex") from error
    except WorkFailed as error:
        if error.instance_code == "work.answer_too_long":
            raise MediaUnsupported(error.detail, code="media.too_complex") from error
        if error.instance_code in ("work.failed", "work.crashed"):
            raise MediaDamaged(error.detail, code="media.unreadable") from error
        raise
