"""``python -m compose.cli``: the same as ``reelmill``."""

from compose.cli import main

main()
