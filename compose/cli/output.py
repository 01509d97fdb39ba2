"""What commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from schemas.http import ErrorView
from schemas.media import MediaWarning


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, Any]) -> None:
    """Print one JSON value; field names are those of the schemas."""
    if isinstance(value, BaseModel):
        plain: Any = value.model_dump(mode="json")
    elif isinstance(value, dict):
        plain = value
    else:
        plain = [item.model_dump(mode="json") for item in value]
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, or say that there are none."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console = stdout()
    console.print(table if table.row_count else "Nothing here yet.")


def print_facts(facts: dict[str, object]) -> None:
    """Print named values, leaving out those that are None."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value is not None:
            table.add_row(name, _cell(value))
    stdout().print(table)


def stdout() -> Console:
    """Make a console that leaves our texts alone; wide when piped, so that nothing is cut off."""
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=200)


def percent(fraction: float) -> str:
    """Write 0–1 as per cent."""
    return f"{fraction * 100:.0f} %"


def size(n_bytes: int | None) -> str | None:
    """Write a number of bytes for people."""
    if n_bytes is None:
        return None
    value = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - the step between SI units
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def age(moment: datetime) -> str:
    """Write how long ago something was."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for step, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= step:
            return f"{seconds // step} {unit}"
    return f"{seconds} s"


def printable(path: Path | str) -> str:
    """Write a path for people; Linux allows names that are no text."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, (tuple, list)):
        return ", ".join(str(item) for item in value)
    return str(value)


def said(warnings: Iterable[MediaWarning]) -> str | None:
    """Write warnings for people, one a line; None where there is none."""
    return "\n".join(_said(one) for one in warnings) or None


def _said(warning: MediaWarning) -> str:
    # Some details say what the title says.
    is_twice = warning.title.casefold() == warning.detail.casefold()
    return (
        f"{warning.title}: {warning.detail}" if warning.title and not is_twice else warning.detail
    )


def fault(error: ErrorView | None) -> str | None:
    """Write an error for people: what it is, the particulars, its code, and what to do."""
    if error is None:
        return None
    title = f"{error.title}: " if error.title else ""
    return f"{title}{error.detail} [{error.code}] {error.remedy}".rstrip()
