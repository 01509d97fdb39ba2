"""Measure engine and media path: ``python -m tests.bench [--only NAME] [--quick]``.

``make bench`` runs all of it.
"""

import argparse
import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import claims, gap, memory, progress, rtmp_protocol, slots, throughput, uploads
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.live import flv_latency, hls_latency, relay
from tests.bench.media import again, first, pinned, quality, versus
from tests.support.product import ROOT

BENCHES: dict[str, Callable[[Ground], Iterable[Figure]]] = {
    "throughput": throughput.measure,
    "gap": gap.measure,
    "slots": slots.measure,
    "progress": progress.measure,
    "claims": claims.measure,
    "memory": memory.measure,
    "uploads": uploads.measure,
    "rtmp-protocol": rtmp_protocol.measure,
    "live-relay": relay.measure,
    "live-flv": flv_latency.measure,
    "live-hls": hls_latency.measure,
    "media-versus": versus.measure,
    "media-first": first.measure,
    "media-again": again.measure,
    "media-pinned": pinned.measure,
    "media-quality": quality.measure,
}
_MARKS = {True: "[green]ok[/]", False: "[red]missed[/]", None: ""}


def main(words: Sequence[str]) -> int:
    """Run the benches and tell whether every bar was reached."""
    options = _options(words)
    figures: list[Figure] = []
    failed: list[str] = []
    console = Console()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="reelmill-bench-") as folder,
            Ground(Path(folder), is_quick=options.quick) as ground,
        ):
            for name in options.only or BENCHES:
                with console.status(name):
                    failed += _measure(name, ground, figures)
    finally:
        # What was measured is worth seeing even where a later bench broke.
        console.print(_table(figures))
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps([asdict(f) for f in figures], indent=2) + "\n")
        for problem in failed:
            console.print(problem)
    return int(bool(failed) or any(figure.ok is False for figure in figures))


def _measure(name: str, ground: Ground, figures: list[Figure]) -> list[str]:
    """Add the figures of one bench; one that breaks takes no other with it."""
    try:
        figures.extend(BENCHES[name](ground))
    except Exception:  # noqa: BLE001  whatever it is, it is printed below the table
        return [f"{name} broke:\n{traceback.format_exc()}"]
    return []


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHES, help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args(words)


def _table(figures: Sequence[Figure]) -> Table:
    table = Table("what", "value", "unit", "bar", "", title="Reelmill, measured")
    table.columns[1].justify = "right"
    for figure in figures:
        table.add_row(
            figure.name, f"{figure.value:g}", figure.unit, figure.bar or "", _MARKS[figure.ok]
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
