"""``python -m compose.env_example``: every setting with what it means and its default."""

import sys
import textwrap

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from pipeline.settings import Settings

_HEAD = """\
# Every setting of Reelmill. Generated: `make env-example` writes it, a test compares it.
# Copy to .env and take the # off the lines to change; the environment wins over .env.
"""
_WIDTH = 96


def render() -> str:
    """Write the text of ``.env.example``."""
    return "\n".join([_HEAD, *(_entry(name, field) for name, field in fields().items())])


def fields() -> dict[str, FieldInfo]:
    """Name every variable of the environment with the field it sets."""
    prefix = Settings.model_config["env_prefix"]
    return {f"{prefix}{name}".upper(): field for name, field in Settings.model_fields.items()}


def default_text(field: FieldInfo) -> str:
    """Write a default as it would stand in the environment."""
    value = field.get_default()
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _entry(name: str, field: FieldInfo) -> str:
    comment = textwrap.fill(
        field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# "
    )
    return f"{comment}\n#{name}={default_text(field)}\n"


if __name__ == "__main__":
    sys.stdout.write(render())
