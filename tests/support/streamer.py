"""A streamer: sends its film at its pace, over and over, until cut, and says when it did what."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event, Thread

from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.payloads import is_coded, is_sequence_header
from pipeline.core.flv.tags import Tag, TagReader
from tests.support.clock import beeping, numbered
from tests.support.hand_publisher import HandPublisher
from tests.support.spooled import FFMPEG
from tests.support.waiting import wait_until

#: A whole number of laps of beeps, and of sound packets: it may be sent over and over.
LAP_S = 24
_AUDIO_PACKETS = LAP_S * 48_000 // 1024
#: When a tag is due, in ms since the streamer began, and what is sent then.
Due = tuple[int, Tag]


def numbered_film(
    path: Path,
    *,
    size: tuple[int, int] = (320, 180),
    keys: str = "expr:gte(t,n_forced)",
    kept: str = "1",
) -> list[Tag]:
    """Make a lap of pictures that show their number at 25 a second, and beeps beside them.

    Args:
        path: where.
        size: of the picture.
        keys: where keyframes are, in ffmpeg's words; else there are none.
        kept: which pictures are there, in ffmpeg's words.
    """
    made = [
        *numbered(LAP_S, size=size),
        *beeping(LAP_S),
        *("-vf", f"select='{kept}'", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
        *("-g", "9999", "-sc_threshold", "0", "-force_key_frames", keys, "-c:a", "aac"),
    ]
    subprocess.run([FFMPEG, "-v", "error", "-y", *made, "-f", "flv", str(path)], check=True)
    return TagReader().receive_data(path.read_bytes())


def laps(film: Iterable[Tag], n_laps: int = 1000) -> Iterator[Due]:
    """Send a lap after the other, with one beginning."""
    sounds = [tag for tag in film if _is_media(tag) and tag.kind is MediaKind.AUDIO]
    too_many = sounds[_AUDIO_PACKETS:]
    coded = [tag for tag in film if _is_media(tag) and tag not in too_many]
    yield from ((0, tag) for tag in film if is_sequence_header(tag.kind, tag.payload))
    for lap in range(n_laps):
        for tag in coded:
            at_ms = lap * LAP_S * 1000 + tag.timestamp_ms
            yield at_ms, Tag(tag.kind, at_ms, tag.payload)


def _is_media(tag: Tag) -> bool:
    return is_coded(tag.kind, tag.payload) and len(tag.payload) > len(b"\x17\x02\x00\x00\x00")


class Streamer:
    """Publishes from a thread of its own, between ``with`` and its end or a cut."""

    def __init__(self, port: int, key: str, what: Iterable[Due]) -> None:
        self._what = iter(what)
        self._closing = Event()
        #: No more is sent while it is set: the connection stays.
        self.is_stalled = Event()
        #: By ``time.monotonic``: when the first was sent and when the last.
        self.began_at_s = self.ended_at_s = 0.0
        self.n_sent = 0
        self._failed: BaseException | None = None
        self._publisher = HandPublisher(port, key)
        if self._publisher.refusal is not None:
            self._publisher.close()
            raise AssertionError(f"refused: {self._publisher.refusal}")
        self._thread = Thread(target=self._run, name="streamer", daemon=True)
        self._thread.start()

    @property
    def is_on(self) -> bool:
        """Whether the door still takes what it sends."""
        return self._thread.is_alive()

    def _run(self) -> None:
        self.began_at_s = time.monotonic()
        lateness_s = 0.0
        for due_ms, tag in self._what:
            while self.is_stalled.is_set() and not self._closing.wait(0.02):
                lateness_s = time.monotonic() - self.began_at_s - due_ms / 1000
            wait_s = self.began_at_s + due_ms / 1000 + lateness_s - time.monotonic()
            if self._closing.wait(wait_s) if wait_s > 0 else self._closing.is_set():
                return
            try:
                self._publisher.send([tag])
            except OSError as error:
                self._failed = error
                return
            self.ended_at_s = time.monotonic()
            self.n_sent += 1

    def cut(self) -> float:
        """Be gone without a word, as a cable is; tell when, by ``time.monotonic``."""
        self._closing.set()
        self._thread.join()
        self._publisher.close()
        return self.ended_at_s

    def leave(self) -> None:
        """End as encoders do."""
        self._closing.set()
        self._thread.join()
        self._publisher.unpublish()
        self._publisher.close()

    def wait_for_end(self, timeout_s: float) -> None:
        """Wait until all is sent, or the door is gone."""
        wait_until(lambda: not self.is_on, timeout_s=timeout_s)


def insisting(
    port: Callable[[], int], key: str, what: Callable[[], Iterable[Due]], *, within_s: float = 20.0
) -> Streamer:
    """Come back as encoders do: again and again until a door takes it."""
    give_up_at_s = time.monotonic() + within_s
    while True:
        try:
            return Streamer(port(), key, what())
        except (OSError, AssertionError):
            if time.monotonic() > give_up_at_s:
                raise
            time.sleep(0.25)
