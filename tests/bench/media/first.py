"""How soon a viewer can start on a long source."""

from tests.bench.figures import Figure, at_most, reported
from tests.bench.ground import Ground
from tests.bench.media.product import running_mill
from tests.bench.media.stage import Stage

BAR = 0.04


def measure(ground: Ground) -> list[Figure]:
    """Compare submit → playable (picture and sound of the first segment) with submit → ready."""
    stage = Stage(ground)
    source = stage.sources.long
    with stage.on_two_cores(), running_mill(ground, "first") as mill:
        made = mill.make(mill.upload(source))
    name = f"{source.seconds} s at 360p"
    share = made.playable_s / made.ready_s
    return [
        at_most(f"submit → playable ÷ submit → ready, {name}", share, "×", BAR),
        reported(f"submit → playable, {name}", made.playable_s, "s"),
        reported(f"submit → ready, {name}", made.ready_s, "s"),
    ]
