"""ffmpeg and ffprobe on this box, and the encoders that really encode here."""

from threading import Event

from compose.doctor.report import Check, note, ok
from pipeline.settings import Settings
from workers.capabilities import measure
from workers.ffmpeg import tools
from workers.ffmpeg.cage import Cage
from workers.ffmpeg.confinement.ladder import demand, ladder
from workers.ffmpeg.limits import Limits
from workers.ffmpeg.run import capture

_LIMITS = Limits(wall_s=20, stall_s=20, output_bytes=2**20)


def ffmpeg(settings: Settings) -> Check:
    """Find ffmpeg and ask for its version."""
    program, _ = tools.find(settings)
    return ok("ffmpeg", f"{_version(program)}, {program}")


def ffprobe(settings: Settings) -> Check:
    """Find ffprobe and ask for its version."""
    _, program = tools.find(settings)
    return ok("ffprobe", f"{_version(program)}, {program}")


def encoders(settings: Settings) -> Check:
    """Encode a frame with every encoder we know how to use."""
    found, _ = measure(settings)
    names = ", ".join(
        f"{encoder.name} (GPU)" if encoder.is_gpu else encoder.name for encoder in found.encoders
    )
    return ok("encoders", f"{names}; {found.n_cores} cores, build {found.encoder_build[:12]}")


def isolation(settings: Settings) -> Check:
    """Send a child up the ladder of confinement."""
    demand(settings.isolation)
    found = ladder()
    detail = ", ".join(
        (*found.holding, *(f"no {name} ({why})" for name, why in found.missing.items()))
    )
    if found.lacks:
        return note("isolation", detail, "A hostile file that takes over ffmpeg is not contained.")
    return ok("isolation", detail)


def _version(program: str) -> str:
    text = capture(["-version"], program=program, cage=Cage(None), limits=_LIMITS, stop=Event())
    # "ffmpeg version n9.0.2-7-g… Copyright …"
    return text.decode(errors="replace").split("version ", 1)[-1].split(" ", 1)[0]
