"""``reelmill api`` for tests that are about something else: whoever shows nothing may everything.

A real one refuses to start so; that it does has a test of its own.
"""

from compose import roles
from compose.cli import main


def _let(*_: object, **__: object) -> None:
    """Guard nothing."""


if __name__ == "__main__":
    roles.require_guarded = _let
    main()
