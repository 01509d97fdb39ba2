"""The picture of a part: passed on, encoded to the rungs below, and cut where all can be."""

from collections import deque
from fractions import Fraction
from pathlib import Path

from pipeline.core.argv.live import Start
from pipeline.core.flv.tags import Tag
from pipeline.core.fragments import avc_init
from pipeline.core.live.cutting import Cut, Cutter
from pipeline.core.live.lengths import LEAST_S, OVER_S
from pipeline.core.live.packets import Packet
from pipeline.core.live.passing import TIMESCALE, PassedOn
from pipeline.core.live.plan import PartPlan
from pipeline.core.live.shape import NEAR_MS, Shape, VideoShape
from workers.bench import Tools
from workers.ffmpeg.fed import FedFfmpeg
from workers.steps.live.encoders import PictureEncoder

Content = bytes | Path


class Picturing:
    """Takes pictures; gives out stretches that all rungs have."""

    def __init__(
        self, plan: PartPlan, shape: VideoShape, encoder: PictureEncoder | None, start: Start
    ) -> None:
        self._plan = plan
        self._shape = shape
        self._encoder = encoder
        self._start = start
        self._passed = PassedOn() if plan.copied is not None else None
        names = [rung.name for rung in plan.made]
        self._most_s = plan.segment_s + OVER_S
        self._cutter: Cutter[Content] = Cutter(
            names,
            least_s=self._least_s(),
            # What is encoded is as long as it was told to be.
            most_s=self._most_s if self._passed is not None else None,
        )
        self._keys: deque[Fraction] = deque()
        self._has_begun = False
        #: How far the slowest rung is.
        self.done_s = start.at_s

    def _least_s(self) -> Fraction:
        if self._plan.frame_rate is not None:
            # Its keyframes are forced where it is to be cut.
            return LEAST_S
        return self._plan.segment_s - Fraction(NEAR_MS, 1000)

    @property
    def programs(self) -> list[FedFfmpeg]:
        """What it runs."""
        return [self._encoder.ffmpeg] if self._encoder is not None else []

    @property
    def is_out_of_step(self) -> bool:
        """Whether the source has had no keyframe for so long that it cannot be passed on."""
        if self._passed is None:
            return False
        return self._passed.open_ms > self._most_s * 1000

    def inits(self) -> dict[str, bytes]:
        """Make the init segments of all rungs, of which something is ready."""
        found = {}
        if self._plan.copied is not None:
            size_px = (self._shape.width_px, self._shape.height_px)
            name = self._plan.copied.name
            found[name] = avc_init(self._shape.configuration, size_px, TIMESCALE)
        if self._encoder is not None:
            found |= {rung.name: self._encoder.init(rung.name) for rung in self._plan.encoded}
        return found

    def configure(self, tag: Tag) -> None:
        """Take what sets a decoder up."""
        if self._encoder is not None:
            self._encoder.add(tag)

    def take(self, tag: Tag, packet: Packet) -> None:
        """Take the next picture."""
        at_s = Fraction(packet.present_ms, 1000)
        if not self._has_begun:
            # On the grid pictures before the start are decoded, and dropped behind that.
            is_late = self._plan.frame_rate is not None or at_s >= self._start.at_s
            self._has_begun = packet.is_key and is_late
        if not self._has_begun:
            return
        if packet.is_key:
            self._keys.append(at_s)
        if self._passed is not None and self._plan.copied is not None:
            piece = self._passed.add(packet)
            if piece is not None:
                self._cutter.add(self._plan.copied.name, piece)
        if self._encoder is not None:
            self._encoder.add(tag)

    def gather(self, read_s: Fraction) -> None:
        """Take over what the encoder has finished."""
        if self._encoder is None:
            self.done_s = read_s
            return
        last = self._plan.encoded[0].name
        for name, piece in self._encoder.pieces(self._next_key_s):
            self._cutter.add(name, piece)
            if name == last:
                self.done_s = max(self.done_s, piece.end_s)

    def _next_key_s(self, after_s: Fraction) -> Fraction | None:
        return next((key_s for key_s in self._keys if key_s > after_s), None)

    def cuts(self) -> list[Cut[Content]]:
        """Take out the stretches that every rung has whole; see ``Cutter``."""
        found = self._cutter.cuts()
        while found and self._keys and self._keys[0] < found[-1].start_s:
            self._keys.popleft()
        return found

    def rest(self) -> list[Cut[Content]]:
        """Take out what is left, when no more will come and the encoder is through."""
        rest = self._passed.rest() if self._passed is not None else None
        if rest is not None and self._plan.copied is not None:
            self._cutter.add(self._plan.copied.name, rest)
        return self._cutter.rest()


def opened(
    plan: PartPlan, shape: Shape, start: Start, folder: Path, tools: Tools
) -> Picturing | None:
    """Begin the picture of a part, where there is to be one."""
    if not plan.made or shape.video is None:
        return None
    encoder = PictureEncoder(plan, shape.video, start, folder, tools) if plan.encoded else None
    return Picturing(plan, shape.video, encoder, start)
