"""How a certificate is told on a terminal."""

import sys
from collections.abc import Iterator

from compose.cli.output import print_table
from schemas.certificate import CertificateState, Flaw, Point, Verdict
from schemas.http import CertificateView


def in_short(certificate: CertificateView) -> str:
    """Say the state in a line."""
    if certificate.state is CertificateState.PENDING:
        return f"pending, {certificate.n_proven} of {certificate.n_stretches} stretches compared"
    if certificate.error is not None:
        return f"failed: {certificate.error.detail} [{certificate.error.code}]"
    undecided = [p for p in certificate.points if p.verdict is Verdict.UNDECIDED]
    n_points = len(certificate.points)
    if undecided:
        return f"passed, {len(undecided)} of {n_points} points could not be decided"
    return f"passed, all {n_points} points"


def print_points(certificate: CertificateView) -> None:
    """Print what was measured, and where something is wrong."""
    if not certificate.points:
        return
    print_table(("POINT", "RENDITION", "VERDICT", "MEASURED"), map(_row, certificate.points))
    for point in certificate.points:
        for line in _lines(point):
            sys.stdout.write(line)


def _row(point: Point) -> tuple[object, ...]:
    measured = "  ".join(
        f"{figure.name} {figure.value:g}"
        + (f" (bar {figure.bar:.4g})" if figure.bar is not None else "")
        for figure in point.figures
    )
    return point.name, point.rendition, point.verdict, measured


def _lines(point: Point) -> Iterator[str]:
    for flaw in point.flaws:
        yield f"{point.name} {_where(flaw)}: {flaw.detail}\n"
    if point.n_flaws > len(point.flaws):
        yield f"{point.name}: {point.n_flaws - len(point.flaws)} more\n"
    if point.note:
        yield f"{point.name} {point.rendition or ''}: {point.note}\n"


def _where(flaw: Flaw) -> str:
    segment = "" if flaw.segment is None else f" segment {flaw.segment}"
    at = "" if flaw.at_s is None else f" at {flaw.at_s:.3f} s"
    return f"{flaw.rendition}{segment}{at}"
