"""Where sets of segments go: stored and published in order, by a thread of its own.

A store or a database that is away for a while holds up neither the publisher nor the encoders.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from shutil import rmtree
from threading import Event
from types import TracebackType
from typing import Self

from pipeline.core.argv.encode import OUTPUT_START_S
from pipeline.core.codecs import codecs
from pipeline.core.encryption import encrypt
from pipeline.core.fragments import Frame, fragment
from pipeline.core.live.plan import PartPlan
from pipeline.core.live.sound import FRAME_SAMPLES, Stretch
from schemas.plan import MediaPlan
from schemas.tasks import RenditionMade, SegmentMade
from workers.bench import LiveBench, Standing
from workers.steps.live.part import Ready
from workers.steps.live.picturing import Content

_VIDEO_TYPES = ("video/mp4", "video/iso.segment")
_AUDIO_TYPES = ("audio/mp4", "audio/iso.segment")
#: Uploads at once, for a store that takes its time.
_N_UPLOADS = 4
#: Segments that do not go on within this are told to be a new beginning.
_GAP_S = Fraction(1, 20)
_LOOK_S = 0.1


@dataclass(frozen=True)
class _Set:
    """One set, and what is needed to name it."""

    ready: Ready
    plan: PartPlan
    inits: Mapping[str, bytes]
    sample_rate_hz: int


class Outlet:
    """Takes sets in order, until it is closed."""

    def __init__(self, bench: LiveBench, plan: MediaPlan, before: Standing) -> None:
        self._bench = bench
        self._plan = plan
        #: Segments of each rendition that are published.
        self.n_published = before.n_segments
        #: Where what is published ends.
        self.published_s = before.end_s
        self._inits = dict(before.inits)
        self._made: dict[tuple[str, str], RenditionMade] = {}
        self._waiting: SimpleQueue[_Set | Path] = SimpleQueue()
        self._closing = Event()
        self._pool = ThreadPoolExecutor(_N_UPLOADS, thread_name_prefix="live-put")
        self._own = ThreadPoolExecutor(1, thread_name_prefix="live-outlet")
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        self._running = self._own.submit(self._run)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is not None:
            # Whatever waits is made again by whoever goes on; the last may just have been taken.
            with suppress(Empty):
                while True:
                    self._waiting.get_nowait()
        self._closing.set()
        self._own.shutdown()
        self._pool.shutdown()

    @property
    def backlog(self) -> int:
        """Sets, or so, that wait."""
        return self._waiting.qsize()

    def offer(
        self, ready: Ready, plan: PartPlan, inits: Mapping[str, bytes], sample_rate_hz: int
    ) -> None:
        """Take the next set."""
        self._waiting.put(_Set(ready, plan, inits, sample_rate_hz))

    def forget(self, folder: Path) -> None:
        """Remove a folder, once nothing in it waits."""
        self._waiting.put(folder)

    def check(self) -> None:
        """Raise what went wrong."""
        if self._running is not None and self._running.done():
            self._running.result()

    def drain(self) -> None:
        """Wait until all is published.

        Raises:
            What went wrong.
        """
        self._closing.set()
        if self._running is not None:
            self._running.result()

    def _run(self) -> None:
        while True:
            try:
                waiting = self._waiting.get(timeout=_LOOK_S)
            except Empty:
                if self._closing.is_set():
                    return
                continue
            self._put_out(waiting)

    def _put_out(self, waiting: _Set | Path) -> None:
        if isinstance(waiting, Path):
            rmtree(waiting, ignore_errors=True)
            return
        index = self.n_published
        names = [*(rung.name for rung in self._plan.rungs), *(a.name for a in self._plan.audios)]
        made = {name: self._described(name, waiting) for name in names}
        is_new = any(self._inits.get(name) != each.init_sha256 for name, each in made.items())
        is_gap = abs(waiting.ready.start_s - self.published_s) > _GAP_S
        is_discontinuous = index > 0 and (is_gap or is_new)
        stored = self._pool.map(lambda name: self._stored(name, index, waiting), names)
        segments = [
            segment.model_copy(
                update={"init_key": made[segment.rendition].init_key}
                | ({"is_discontinuous": True} if is_discontinuous else {})
            )
            for segment in stored
        ]
        self._bench.publish(list(made.values()), segments)
        self._inits = {name: each.init_sha256 for name, each in made.items()}
        self.published_s = waiting.ready.end_s
        self.n_published += 1
        _remove(waiting.ready)

    def _described(self, name: str, waiting: _Set) -> RenditionMade:
        """Store an init segment where it is new."""
        data = waiting.inits[waiting.plan.stand_ins.get(name, name)]
        digest = sha256(data).hexdigest()
        known = self._made.get((name, digest))
        if known is None:
            file = f"{name}/init-{digest[:16]}.mp4"
            key = self._put(data, file, self._types(name)[0])
            known = RenditionMade(
                name=name,
                codecs=codecs(data),
                init_sha256=digest,
                init_key=key,
                init_size_bytes=len(data),
            )
            self._made[name, digest] = known
        return known

    def _stored(self, name: str, index: int, waiting: _Set) -> SegmentMade:
        ready = waiting.ready
        source = waiting.plan.stand_ins.get(name, name)
        if source in ready.pictures:
            data = _joined(ready.pictures[source])
            start_s, duration_s = ready.start_s, ready.end_s - ready.start_s
        else:
            data, start_s, duration_s = _sound(ready.sound, index, waiting.sample_rate_hz)
        if self._plan.is_encrypted:
            data = encrypt(data, self._bench.content_key(), index)
        key = self._put(data, f"{name}/{index:05d}.m4s", self._types(name)[1])
        return SegmentMade(
            rendition=name,
            index=index,
            duration_s=duration_s,
            size_bytes=len(data),
            key=key,
            init_key="",
            start_ms=round(start_s * 1000),
        )

    def _types(self, name: str) -> tuple[str, str]:
        is_sound = any(audio.name == name for audio in self._plan.audios)
        return _AUDIO_TYPES if is_sound else _VIDEO_TYPES

    def _put(self, data: bytes, name: str, content_type: str) -> str:
        path = self._bench.scratch / name.replace("/", "-")
        path.write_bytes(data)
        try:
            return self._bench.put(path, name, content_type=content_type)
        finally:
            path.unlink()


def _remove(ready: Ready) -> None:
    """Remove the files of a set: a part may last for days, and its folder as long."""
    for contents in ready.pictures.values():
        for content in contents:
            if isinstance(content, Path):
                content.unlink(missing_ok=True)


def _joined(contents: Sequence[Content]) -> bytes:
    return b"".join(
        content.read_bytes() if isinstance(content, Path) else content for content in contents
    )


def _sound(sound: Stretch | None, index: int, rate_hz: int) -> tuple[bytes, Fraction, Fraction]:
    if sound is None:
        raise ValueError("a set lacks its sound")
    frames = [Frame(FRAME_SAMPLES, 0, True, data) for data in sound.frames]
    start = sound.start_samples + OUTPUT_START_S * rate_hz
    data = fragment(index + 1, start, frames)
    length = Fraction(len(frames) * FRAME_SAMPLES, rate_hz)
    return data, Fraction(sound.start_samples, rate_hz), length
