"""Files, classes and functions stay small enough to be read."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.product import modules, named, tree

MAX_FILE_LINES = 300
MAX_CLASS_LINES = 150
MAX_FUNCTION_LINES = 40

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_no_file_is_long() -> None:
    n_lines = {named(path): len(path.read_text().splitlines()) for path in modules()}

    long = {name for name, n in n_lines.items() if n > MAX_FILE_LINES and "/versions/" not in name}
    # Migrations are history: whole tables, written once.
    assert long == set()


def test_no_class_is_long() -> None:
    assert list(_longer_than(MAX_CLASS_LINES, ast.ClassDef)) == []


def test_no_function_is_long() -> None:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef

    assert list(_longer_than(MAX_FUNCTION_LINES, kinds)) == []


def _longer_than(limit: int, kinds: Any) -> Iterator[str]:
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, kinds) and _lines(node) > limit:
                yield f"{_place(path, node)}: {_lines(node)} lines"


def _lines(node: Definition) -> int:
    """Count the lines of a definition without its docstring: explaining is free."""
    n_lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        n_lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return n_lines


def _place(path: Path, node: Definition) -> str:
    return f"{named(path)}:{node.lineno} {node.name}"
