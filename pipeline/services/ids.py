"""New ids: sortable by time of making, unguessable enough, safe in URLs, keys and file names."""

import secrets
import time
from collections.abc import Callable
from typing import cast

from schemas.vocabulary import TaskId


def new_id() -> str:
    """Make an id of 28 hexadecimal digits: 12 of milliseconds, 16 random."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


#: The same, for tasks.
new_task_id = cast("Callable[[], TaskId]", new_id)
