"""A broadcast's recording, read as it is played: what is where on its clock, and how it sounds."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from pipeline.bootstrap import Pipeline
from pipeline.core.fmp4 import read_init, read_samples
from pipeline.core.measures import MEDIA_ZERO_S
from pipeline.services import playback
from schemas.timeline import RenditionTimeline, TimelineSegment
from schemas.vocabulary import AssetId, Medium
from tests.support.clock import HEIGHT_PX, WIDTH_PX, Beep, read_beeps, read_numbers
from tests.support.spooled import FFMPEG

_RATE_HZ = 48_000
_FRAME_RATE = 25


@dataclass(frozen=True)
class Run:
    """Segments that go on from each other, joined."""

    number: int
    data: bytes
    #: When its pictures or packets are shown, in seconds of the broadcast's clock.
    times_s: tuple[float, ...]


class Recorded:
    """One; ``folder`` is for work."""

    def __init__(self, pipeline: Pipeline, asset_id: AssetId, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._pipeline, self._folder = pipeline, folder
        self.timeline = playback.timeline(pipeline.database, asset_id)

    @property
    def pictures(self) -> list[RenditionTimeline]:
        return [one for one in self.timeline.renditions if one.medium is Medium.VIDEO]

    @property
    def sound(self) -> RenditionTimeline | None:
        return next((r for r in self.timeline.renditions if r.medium is Medium.AUDIO), None)

    def gaps_s(self) -> list[float]:
        """Tell how long nothing is, wherever that is longer than a picture or two."""
        first = self.timeline.renditions[0]
        found = []
        for one, after in pairwise(first.segments):
            assert one.start_ms is not None
            assert after.start_ms is not None
            gap_s = (after.start_ms - one.start_ms) / 1000 - float(one.duration_s)
            if abs(gap_s) > 0.1:
                assert after.is_discontinuous, f"{gap_s} s before {after.index}, and not said"
                found.append(gap_s)
        return found

    def played_s(self) -> float:
        """Tell how long it plays."""
        return min(float(sum(s.duration_s for s in r.segments)) for r in self.timeline.renditions)

    def runs(self, rendition: RenditionTimeline) -> Iterator[Run]:
        """Join what goes on, and read its times."""
        number = 0

        def run_of(segment: TimelineSegment) -> int:
            nonlocal number
            number += segment.is_discontinuous
            return number

        for n, group in groupby(rendition.segments, key=run_of):
            segments = list(group)
            init_data = self._bytes(segments[0].init_key)
            init, datas = read_init(init_data), [self._bytes(each.key) for each in segments]
            ticks = [sample.present_ticks for data in datas for sample in read_samples(data, init)]
            times = (Fraction(t, init.timescale) - MEDIA_ZERO_S for t in sorted(ticks))
            yield Run(n, init_data + b"".join(datas), tuple(map(float, times)))

    def numbers(self, rendition: RenditionTimeline) -> list[list[tuple[float, int]]]:
        """Read which picture is shown when, of each run; all pictures must decode."""
        scaled = f"scale={WIDTH_PX}:{HEIGHT_PX}:flags=area"
        flags = ("-vf", scaled, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray")
        found = []
        for run in self.runs(rendition):
            raw = self._decode(run, *flags)
            frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT_PX, WIDTH_PX)
            assert len(frames) == len(run.times_s), "some pictures do not decode"
            found.append(list(zip(run.times_s, read_numbers(frames), strict=True)))
        return found

    def shown(self, rendition: RenditionTimeline) -> list[list[int]]:
        """Read which pictures are shown, of each stretch between gaps, however it is made up."""
        found: list[list[int]] = []
        end_s = -1.0
        for run in self.numbers(rendition):
            if not found or run[0][0] - end_s > 0.1:
                found.append([])
            found[-1] += [number for _, number in run]
            end_s = run[-1][0]
        return found

    def beeps(self, rendition: RenditionTimeline) -> list[list[tuple[float, Beep]]]:
        """Hear which beep comes when, of each run."""
        found = []
        for run in self.runs(rendition):
            raw = self._decode(run, "-f", "f32le", "-ac", "1", "-ar", str(_RATE_HZ))
            heard = read_beeps(np.frombuffer(raw, np.float32), _RATE_HZ)
            found.append([(run.times_s[0] + beep.at_s, beep) for beep in heard])
        return found

    def drifts_s(self, rendition: RenditionTimeline) -> list[float]:
        """Tell for each beep by how much it comes later than the picture it belongs to."""
        assert self.sound is not None
        found = []
        for shown, heard in zip(self.numbers(rendition), self.beeps(self.sound), strict=True):
            for at_s, beep in heard:
                near = min(shown, key=lambda one: abs(one[0] - at_s), default=None)
                if near is None or abs(near[0] - at_s) > 0.1 or near[1] < 0:
                    continue
                moment_s = near[1] / _FRAME_RATE + (at_s - near[0])
                lap_s = 12.0
                late_s = moment_s - beep.number * 0.5
                found.append((late_s + lap_s / 2) % lap_s - lap_s / 2)
        return found

    def _decode(self, run: Run, *flags: str) -> bytes:
        path = self._folder / "run.mp4"
        path.write_bytes(run.data)
        command = [FFMPEG, "-v", "error", "-i", str(path), *flags, "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b"", done.stderr.decode()[-2000:]
        return done.stdout

    def _bytes(self, key: str) -> bytes:
        with self._pipeline.storage.open(key) as blocks:
            return b"".join(blocks)
