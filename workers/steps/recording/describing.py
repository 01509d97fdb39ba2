"""States the facts of a file that was just made of what a publisher sent."""

from pathlib import Path

from pipeline.core.extras import with_extras
from pipeline.core.facts import facts
from schemas.media import MediaFacts
from workers.bench import Bench
from workers.steps.look import look
from workers.steps.mend import seeks
from workers.steps.opening import opened


def described(path: Path, bench: Bench) -> MediaFacts:
    """Look at it as a probe does, but take its times as they are: gaps were silence on the air.

    Raises:
        MediaError: nothing can be made of it.
    """
    seen = look(opened(bench, path), bench)
    stated = with_extras(facts(seen.found), seen.found)
    return stated.model_copy(update={"is_seekable": seeks(seen.prober, stated)})
