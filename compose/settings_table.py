"""``python -m compose.settings_table README.md``: renew the table of settings in a document."""

import sys
from pathlib import Path

from compose.env_example import default_text, fields

BEGIN = "<!-- settings: make env-example writes this table -->"
END = "<!-- end of settings -->"


def render() -> str:
    """Write the table, one row per variable of the environment."""
    rows = [
        f"| `{name}` | {_code(default_text(field))} | {field.description} |"
        for name, field in fields().items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def renew(document: str) -> str:
    """Return the document with the text between the marks replaced by the present table."""
    before, rest = document.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renew(path.read_text()))
