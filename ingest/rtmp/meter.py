"""What a publisher sends, measured: codecs, size, rates, and how its clock keeps time."""

from collections import deque
from typing import Any

from ingest.rtmp.entry import Entry
from pipeline.core.flv import codecs, tags
from pipeline.core.flv.kinds import MediaKind

#: Rates are of the last so many seconds.
SPAN_S = 5.0
#: Two frames further apart than so many frame times have some missing between them.
GAP_FRAMES = 1.5
_MAX_FRAMES = 600
_CODECS = {MediaKind.AUDIO: "audio_codec", MediaKind.VIDEO: "video_codec"}


class Meter:
    """Of one connection. Seconds are of a clock that never jumps."""

    def __init__(self, begin_ms: int, *, now_s: float) -> None:
        self._begin_ms = begin_ms
        self._begun_at_s = now_s
        self._facts: dict[str, Any] = {}
        self._told_rate: float | None = None
        #: When, and how many bytes.
        self._arrived: deque[tuple[float, int]] = deque()
        self._n_span_bytes = 0
        self._frames_ms: deque[int] = deque(maxlen=_MAX_FRAMES)
        self._keyframe_ms: int | None = None
        self._n_dropped = 0
        self._front_ms = begin_ms

    def count(self, n_bytes: int, *, now_s: float) -> None:
        """Note how much came at once."""
        self._arrived.append((now_s, n_bytes))
        self._n_span_bytes += n_bytes
        self._forget(now_s)

    def note(self, entry: Entry) -> None:
        """Look at a tag that passes."""
        kind, ms, payload = entry.kind, entry.ms, entry.payload
        self._front_ms = max(self._front_ms, ms)
        if kind is MediaKind.DATA:
            self._read_metadata(tags.metadata(payload))
        elif not entry.is_coded and tags.is_sequence_header(kind, payload):
            self._read_header(kind, payload)
        elif _CODECS[kind] not in self._facts:
            self._facts[_CODECS[kind]] = codecs.codec(kind, payload)
        if kind is MediaKind.VIDEO and entry.is_coded:
            self._note_frame(ms, is_keyframe=entry.is_keyframe)

    def _forget(self, now_s: float) -> None:
        while self._arrived and self._arrived[0][0] < now_s - SPAN_S:
            self._n_span_bytes -= self._arrived.popleft()[1]

    def _read_metadata(self, told: dict[str, Any]) -> None:
        rate = told.get("framerate")
        if isinstance(rate, int | float) and 0 < rate <= 1000:  # noqa: PLR2004 - no camera's
            self._told_rate = float(rate)
        for name, ours in (("width", "width_px"), ("height", "height_px")):
            size = told.get(name)
            if isinstance(size, int | float) and 0 < size < 1 << 16 and ours not in self._facts:
                self._facts[ours] = int(size)

    def _read_header(self, kind: MediaKind, payload: bytes) -> None:
        found = codecs.facts(kind, payload)
        self._facts[_CODECS[kind]] = found.codec
        if found.width and found.height:
            self._facts |= {"width_px": found.width, "height_px": found.height}

    def _note_frame(self, ms: int, *, is_keyframe: bool) -> None:
        if is_keyframe:
            if self._keyframe_ms is not None:
                interval_s = (ms - self._keyframe_ms) / 1000
                self._facts["keyframe_interval_s"] = round(interval_s, 3)
            self._keyframe_ms = ms
        if self._frames_ms and self._told_rate:
            n_frames = (ms - self._frames_ms[-1]) * self._told_rate / 1000
            if n_frames > GAP_FRAMES:
                self._n_dropped += round(n_frames) - 1
        self._frames_ms.append(ms)

    def _frame_rate(self) -> float | None:
        recent = [ms for ms in self._frames_ms if ms >= self._frames_ms[-1] - SPAN_S * 1000]
        if len(recent) < 2 or recent[-1] == recent[0]:  # noqa: PLR2004 - a distance takes two
            return self._told_rate
        return round((len(recent) - 1) * 1000 / (recent[-1] - recent[0]), 3)

    def facts(self, *, now_s: float) -> dict[str, Any]:
        """Tell what is known now; names end with their units."""
        self._forget(now_s)
        wall_s = now_s - self._begun_at_s
        span_s = max(1.0, min(SPAN_S, wall_s))
        told = self._facts | {
            "frame_rate": self._frame_rate(),
            "bitrate_bps": int(self._n_span_bytes * 8 / span_s),
            "drift_ms": int(self._front_ms - self._begin_ms - wall_s * 1000),
            "dropped_frames": self._n_dropped,
        }
        return {name: value for name, value in told.items() if value is not None}
