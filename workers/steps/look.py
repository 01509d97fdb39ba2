"""Looks at a whole file: describes it, chooses its tracks, walks its packets."""

from dataclasses import dataclass
from typing import Any

from pipeline.core.facts import Findings
from pipeline.core.locks import check_description
from pipeline.core.packets import PacketScan
from pipeline.core.streams import Bounds, choose
from workers.bench import Bench
from workers.ffmpeg.probe import Prober

#: Larger files are read for their first minutes only.
_READ_WHOLE_BYTES = 16 * 2**30
_SAMPLE_S = 600.0


@dataclass(frozen=True)
class Look:
    """What was seen of a file, and who can be asked for more."""

    prober: Prober
    found: Findings
    #: What ffprobe wrote to stderr on its walk.
    said: str
    n_error_lines: int


def look(prober: Prober, bench: Bench) -> Look:
    """Read all there is to know of a file.

    Raises:
        MediaError: the file is at fault.
    """
    bench.report({"": 0.1})
    described = prober.describe()
    check_description(described)
    chosen = choose(described, _bounds(bench))
    size_bytes = prober.source.stat().st_size
    is_whole = size_bytes <= _READ_WHOLE_BYTES
    scan = PacketScan()
    finished = prober.walk(
        scan,
        first_s=None if is_whole else _SAMPLE_S,
        on_packets=lambda: bench.report({"": 0.5}),
    )
    found = Findings(
        described=described,
        chosen=chosen,
        scan=scan,
        is_whole=is_whole,
        container=prober.demuxer or _container(described),
        size_bytes=size_bytes,
        is_seekable=False,
    )
    return Look(prober, found, finished.stderr_tail, finished.n_error_lines)


def _bounds(bench: Bench) -> Bounds:
    return Bounds(
        n_pixels=bench.tools.max_source_pixels,
        duration_s=bench.tools.max_source_duration_s,
        n_streams=bench.tools.max_source_streams,
    )


def _container(described: dict[str, Any]) -> str:
    """Name the demuxer that ffprobe chose; it lists its aliases too."""
    return str(described["format"]["format_name"]).partition(",")[0]
