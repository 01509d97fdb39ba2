"""``reelmill queues`` and ``reelmill workers``: what waits and who works."""

import sys
from collections.abc import Sequence

from pydantic import BaseModel

from compose.cli.options import DEFAULT_SERVER, JsonOption, ServerOption
from compose.cli.output import age, print_json, print_table
from compose.cli.speech import connect
from schemas.workers import WorkerView


def queues(*, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False) -> None:
    """Show what waits and runs in each queue."""
    with connect(server) as client:
        found = client.queues()
    if _printed(found, as_json=as_json):
        return
    print_table(
        ("QUEUE", "READY", "DELAYED", "RUNNING", "SLOTS", "PAUSED"),
        (
            (
                *(queue.name, queue.ready, queue.delayed, queue.running, queue.live_slots),
                "yes" if queue.is_paused else "no",
            )
            for queue in found
        ),
    )


def workers(*, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False) -> None:
    """Show the workers: queues, slots, encoders, what they run."""
    with connect(server) as client:
        found = client.workers()
    if _printed(found, as_json=as_json):
        return
    print_table(
        ("WORKER", "HOST", "STATE", "QUEUES", "SLOTS", "CORES", "ENCODERS", "SEEN", "RUNNING"),
        (
            (
                *(worker.id, worker.host, _state(worker), worker.queues, worker.slots),
                worker.capabilities.n_cores,
                tuple(encoder.name for encoder in worker.capabilities.encoders),
                *(age(worker.last_seen_at), len(worker.running)),
            )
            for worker in found
        ),
    )


def _state(worker: WorkerView) -> str:
    if not worker.is_live:
        return "silent"
    return "draining" if worker.is_draining else "live"


def _printed(found: Sequence[BaseModel], *, as_json: bool) -> bool:
    if as_json:
        print_json(found)
    elif not found:
        sys.stdout.write("Nothing here yet.\n")
    return as_json or not found
