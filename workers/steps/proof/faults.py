"""Find out which segments a decoder complained of: one run each, only where there was one."""

from pipeline.core.argv.proof import check_argv
from pipeline.core.errors import MediaError, WorkFailed
from pipeline.core.proof.track import Track
from workers.bench import Bench
from workers.steps.proof.gather import INIT_NAME, segment_path
from workers.steps.proof.programs import Programs

_ONE_NAME = "one.mp4"


def faulty_parts(track: Track, programs: Programs, bench: Bench) -> dict[int, str]:
    """Decode each segment by itself; give what was said of those that do not decode silently."""
    said = {part.index: _say(track, part.index, programs, bench) for part in track.read()}
    return {index: words for index, words in said.items() if words}


def _say(track: Track, index: int, programs: Programs, bench: Bench) -> str:
    folder = bench.scratch / track.name
    segment = track.rendition.segments[index]
    data = (folder / INIT_NAME).read_bytes() + segment_path(folder, segment).read_bytes()
    (bench.scratch / _ONE_NAME).write_bytes(data)
    try:
        words = programs.ffmpeg(check_argv(_ONE_NAME)).stderr_tail
    except (MediaError, WorkFailed) as exc:
        return exc.detail
    lines = words.strip().splitlines()
    return f"{len(lines)} messages, the first: {_plain(lines[0])}" if lines else ""


def _plain(line: str) -> str:
    """Leave out the addresses of decoders; the rest is ffmpeg's own words on our own file."""
    return line.rpartition("] ")[2][:200]
