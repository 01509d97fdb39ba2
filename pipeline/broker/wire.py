"""What a doorbell message looks like: dramatiq's JSON, one actor, one argument."""

import json

import dramatiq

from pipeline.broker.port import Ring
from schemas.vocabulary import QueueName, TaskId

#: Name of the one actor.
ACTOR = "ring"

#: Longest task id read; ours are far shorter.
_ID_CHARS = 100


def write_ring(ring: Ring, queue_name: str) -> bytes:
    """Write the dramatiq message that carries a ring."""
    message = dramatiq.Message[None](
        queue_name=queue_name, actor_name=ACTOR, args=(ring.task_id,), kwargs={}, options={}
    )
    return message.encode()


def read_ring(queue: QueueName, body: bytes) -> Ring | None:
    """Read what came from a queue; None for anything we would not have written."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    match message:
        case {"actor_name": "ring", "args": [str(task_id)]} if 0 < len(task_id) <= _ID_CHARS:
            return Ring(queue, TaskId(task_id))
        case _:
            return None
