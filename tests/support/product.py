"""The product's own source, for tests that read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "pipeline", "workers", "api", "ingest", "compose")


def modules() -> list[Path]:
    """List every Python file of the product."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def named(path: Path) -> str:
    """Name a file as people do."""
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text())


def error_codes() -> set[str]:
    """Find every code an error of ours can have."""
    return {code for path in modules() for code in _codes(tree(path))}


def _codes(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield from _texts(node.value)
        if isinstance(node, ast.arguments):
            yield from _defaults(node)
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "code":
            yield from _texts(node.value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
            yield from _texts(node.value)


def _defaults(taken: ast.arguments) -> Iterator[str]:
    for argument, value in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
        if argument.arg == "code":
            yield from _texts(value)


def _texts(value: ast.expr | None) -> Iterator[str]:
    """Read a text, or the texts that a condition chooses between; not what is put together."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
        yield value.value
    if isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    if isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _texts(part)
