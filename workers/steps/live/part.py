"""One unbroken part of a broadcast: its tags become sets of segments."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from pipeline.core.argv.live import Start
from pipeline.core.errors import WorkStalled
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_sequence_header
from pipeline.core.flv.tags import Tag
from pipeline.core.live.cutting import Cut
from pipeline.core.live.holding import Holding
from pipeline.core.live.lengths import LEAST_S
from pipeline.core.live.packets import read
from pipeline.core.live.plan import PartPlan
from pipeline.core.live.shape import Shape
from pipeline.core.live.sound import FRAME_SAMPLES, Stretch
from workers.bench import Tools
from workers.ffmpeg.fed import FedFfmpeg
from workers.steps.live import picturing, sounding
from workers.steps.live.picturing import Content

#: How long programs get for what they have, once no more comes, unless they get on with it.
_FLUSH_S = 15.0

_Side = TypeVar("_Side", picturing.Picturing | None, sounding.Sounding | None)


@dataclass(frozen=True)
class Ready:
    """A stretch that can be stored: all renditions of it that are made."""

    start_s: Fraction
    end_s: Fraction
    pictures: dict[str, tuple[Content, ...]]
    sound: Stretch | None

    def sound_end_s(self, sample_rate_hz: int) -> Fraction:
        """Tell where its last frame of sound ends."""
        if self.sound is None:
            return self.end_s
        n_samples = self.sound.start_samples + len(self.sound.frames) * FRAME_SAMPLES
        return Fraction(n_samples, sample_rate_hz)


class Part:
    """Takes tags until it is told that no more will come."""

    def __init__(
        self, plan: PartPlan, shape: Shape, start: Start, folder: Path, tools: Tools
    ) -> None:
        """Start its programs; they work in the folder."""
        self.plan = plan
        self.folder = folder
        #: Newest time that was taken in; CPU time of its programs, once it is closed.
        self.read_ms, self.cpu_s = 0, 0.0
        folder.mkdir()
        with ExitStack() as open_:
            self._picture = _entered(picturing.opened(plan, shape, start, folder, tools), open_)
            self._sound = _entered(sounding.opened(plan, shape, start, folder, tools), open_)
            self._open = open_.pop_all()
        self._cuts: deque[Cut[Content]] = deque()
        self._border_s = start.at_s
        self._holding = Holding()

    def _programs(self) -> list[FedFfmpeg]:
        sides = (self._picture, self._sound)
        return [program for side in sides if side for program in side.programs]

    @property
    def waiting_bytes(self) -> int:
        """What its programs have not read yet."""
        return sum(each.waiting_bytes for each in self._programs())

    @property
    def encoded_s(self) -> Fraction:
        """How far the encoders are."""
        return self._picture.done_s if self._picture else Fraction(self.read_ms, 1000)

    @property
    def is_out_of_step(self) -> bool:
        """Whether the source cannot be passed on: its keyframes or pictures stay away."""
        # ffmpeg's muxer would show what comes behind a pause too early in the rungs below.
        if self._picture is None or self.plan.copied is None:
            return False
        return self._holding.has_halted or self._picture.is_out_of_step

    @property
    def sample_rate_hz(self) -> int:
        """Of its sound; ticks of the track."""
        return self._sound.sample_rate_hz if self._sound is not None else 1

    def inits(self) -> dict[str, bytes]:
        """Make the init segments of all renditions that have something ready."""
        found = self._picture.inits() if self._picture is not None else {}
        if self._sound is not None and self.plan.audio is not None:
            found[self.plan.audio.name] = self._sound.init()
        return found

    def take(self, tag: Tag) -> None:
        """Take the next tag."""
        side = {MediaKind.VIDEO: self._picture, MediaKind.AUDIO: self._sound}.get(tag.kind)
        if side is not None and is_sequence_header(tag.kind, tag.payload):
            side.configure(tag)
            return
        for each in self._holding.passed(tag) if read(tag) is not None else ():
            side = {MediaKind.VIDEO: self._picture, MediaKind.AUDIO: self._sound}.get(each.kind)
            packet = read(each)
            self.read_ms = max(self.read_ms, packet.decode_ms if packet is not None else 0)
            if side is not None and packet is not None:
                side.take(each, packet)

    def pump(self, timeout_s: float) -> list[Ready]:
        """Let the programs work, for so long at most each; tell what is ready.

        Raises:
            Misaligned: rungs cannot be cut at the same places.
            OutputInvalid, WorkFailed, MediaError: a program is through with it.
        """
        for program in self._programs():
            program.pump(timeout_s)
        self._gather()
        if self._picture is None:
            return self._whole_sound()
        self._cuts += self._picture.cuts()
        found = []
        while self._cuts and self._has_sound_until(self._cuts[0].end_s):
            found.append(self._with_sound(self._cuts.popleft()))
        return found

    def _gather(self) -> None:
        if self._picture is not None:
            self._picture.gather(Fraction(self.read_ms, 1000))
        if self._sound is not None:
            self._sound.gather()

    def _has_sound_until(self, end_s: Fraction) -> bool:
        return self._sound is None or self._sound.reaches(end_s, Fraction(self.read_ms, 1000))

    def _with_sound(self, cut: Cut[Content]) -> Ready:
        sound = self._sound.cut(cut.end_s) if self._sound is not None else None
        pictures = {
            name: tuple(piece.content for piece in pieces) for name, pieces in cut.pieces.items()
        }
        return Ready(cut.start_s, cut.end_s, pictures, sound)

    def _whole_sound(self) -> list[Ready]:
        """Cut sound alone, at each whole segment of the clock."""
        found = []
        sound, length_s = self._sound, self.plan.segment_s
        while sound is not None:
            number = (self._border_s + LEAST_S) // length_s + 1
            border_s = Fraction(number * length_s)
            if sound.end_s < border_s:
                break
            found.append(Ready(self._border_s, border_s, {}, sound.cut(border_s)))
            self._border_s = border_s
        return found

    def finish(self, on_wait: Callable[[], None]) -> list[Ready]:
        """Let the programs end; tell all that was not told yet.

        Args:
            on_wait: called again and again meanwhile; what it raises ends the part.
        """
        for program in self._programs():
            program.end()
        _wait(self._programs(), on_wait)
        self._gather()
        if self._picture is None:
            return self._whole_sound() + self._rest_of_sound()
        self._cuts += self._picture.rest()
        if self._sound is not None and self._cuts:
            self._sound.fill(self._cuts[-1].end_s)
        return [self._with_sound(cut) for cut in self._cuts]

    def _rest_of_sound(self) -> list[Ready]:
        if self._sound is None or self._sound.end_s <= self._border_s:
            return []
        end_s = self._sound.end_s
        return [Ready(self._border_s, end_s, {}, self._sound.cut(end_s))]

    def close(self) -> None:
        """End its programs; what they made stays for whoever stores it. Safe to repeat."""
        self._open.close()
        self.cpu_s = sum(each.cpu_s for each in self._programs())


def _entered(side: _Side, open_: ExitStack) -> _Side:
    """Have a side's programs end with a part, or at once where its other side cannot begin."""
    for program in side.programs if side is not None else ():
        open_.enter_context(program)
    return side


def _wait(programs: list[FedFfmpeg], on_wait: Callable[[], None]) -> None:
    moved_at_s, mark = time.monotonic(), None
    while running := [each for each in programs if not each.is_over]:
        on_wait()
        for program in running:
            program.pump(0.05)
        now_s, marked = time.monotonic(), [each.last for each in running]
        if marked != mark:
            moved_at_s, mark = now_s, marked
        if now_s - moved_at_s > _FLUSH_S:
            raise WorkStalled(f"ffmpeg did not end in {_FLUSH_S:g} s")
