"""Queues and workers."""

from typing import Final

from api.openapi.operation import Answer, Operation, Tag, nothing
from schemas.vocabulary import QueueName
from schemas.workers import QueueList, QueueView, WorkerList

_QUEUE: Final = {"name": {"type": "string", "enum": [name.value for name in QueueName]}}

FLEET: Final = (
    Operation(
        "fleet.queues",
        "GET",
        Tag.FLEET,
        "Show all queues",
        answers=(Answer(200, "What waits and runs in each.", QueueList),),
    ),
    Operation(
        "fleet.pause",
        "POST",
        Tag.FLEET,
        "Let no more tasks of a queue be claimed",
        answers=(Answer(200, "The queue.", QueueView),),
        path=_QUEUE,
        problems={404: ("queue.not_found",)},
    ),
    Operation(
        "fleet.resume",
        "POST",
        Tag.FLEET,
        "Let tasks of a queue be claimed again",
        answers=(Answer(200, "The queue.", QueueView),),
        path=_QUEUE,
        problems={404: ("queue.not_found",)},
    ),
    Operation(
        "fleet.workers",
        "GET",
        Tag.FLEET,
        "Show the workers",
        answers=(Answer(200, "Who works, on what, with which encoders.", WorkerList),),
    ),
    Operation(
        "fleet.drain",
        "POST",
        Tag.FLEET,
        "Let a worker finish what it runs and take nothing new",
        answers=(nothing(204, "It will be told with its next heartbeat."),),
        problems={404: ("worker.not_found",)},
    ),
)
