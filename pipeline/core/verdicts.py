"""From the points of stretches to one certificate."""

from collections.abc import Callable, Iterable, Sequence

from schemas.certificate import Figure, Flaw, Point, StretchProof, Verdict

#: Flaws kept per point: enough to see what is wrong, few enough to be read.
MOST_FLAWS = 20

_FOLDS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min}


def fold(proofs: Sequence[StretchProof]) -> tuple[Point, ...]:
    """Make one point of each kind and rendition, in the order they first came."""
    together: dict[tuple[str, str | None], list[Point]] = {}
    for proof in proofs:
        for point in proof.points:
            together.setdefault((point.name, point.rendition), []).append(point)
    return tuple(_one(points) for points in together.values())


def failed(points: Iterable[Point]) -> tuple[Point, ...]:
    """Pick the points that failed."""
    return tuple(point for point in points if point.verdict is Verdict.FAILED)


def point_of(point: Point, flaws: Sequence[Flaw], *, is_decided: bool = True) -> Point:
    """Complete a point by its flaws: any fails it, none passes it unless nothing could be told."""
    verdict = Verdict.PASSED if is_decided else Verdict.UNDECIDED
    if flaws:
        verdict = Verdict.FAILED
    kept = tuple(flaws[:MOST_FLAWS])
    return point.model_copy(update={"verdict": verdict, "flaws": kept, "n_flaws": len(flaws)})


def _one(points: Sequence[Point]) -> Point:
    flaws = tuple(flaw for point in points for flaw in point.flaws)
    return points[0].model_copy(
        update={
            "verdict": _worst(points),
            "figures": _figures(points),
            "n_flaws": sum(point.n_flaws for point in points),
            "flaws": flaws[:MOST_FLAWS],
            "note": " ".join(dict.fromkeys(point.note for point in points if point.note)),
        }
    )


def _worst(points: Sequence[Point]) -> Verdict:
    """Let one failure fail all, and one stretch that could be told speak for those that not."""
    verdicts = {point.verdict for point in points}
    order = (Verdict.FAILED, Verdict.PASSED, Verdict.UNDECIDED)
    return next(verdict for verdict in order if verdict in verdicts)


def _figures(points: Sequence[Point]) -> tuple[Figure, ...]:
    together: dict[str, list[Figure]] = {}
    for point in points:
        for figure in point.figures:
            together.setdefault(figure.name, []).append(figure)
    return tuple(
        figures[0].model_copy(
            update={"value": _FOLDS[figures[0].fold]([figure.value for figure in figures])}
        )
        for figures in together.values()
    )
