"""The commands that become a process of the pipeline and stay."""

from typing import Annotated

import typer

from compose import configuration
from compose.cli.options import DataOption, HostOption, PortOption
from pipeline.core.errors import InvalidRequest
from schemas.vocabulary import QueueName


def up(*, data: DataOption = None, port: PortOption = None, host: HostOption = None) -> None:
    """Run everything in one process: API, scheduler and workers, nothing else needed."""
    from compose.roles import run_house

    run_house(configuration.load(data_dir=data, http_port=port, http_host=host))


def api(*, port: PortOption = None, host: HostOption = None) -> None:
    """Run the HTTP API of the distributed form."""
    from compose.roles import run_api

    run_api(configuration.load(http_port=port, http_host=host))


def ingest(
    *,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="Port for publishers (RTMP).")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address for publishers.")
    ] = None,
) -> None:
    """Run the RTMP door of the distributed form; a publisher may come to any of several."""
    from compose.roles import run_ingest

    run_ingest(configuration.load(rtmp_port=port, rtmp_host=host))


def worker(
    *,
    queues: Annotated[
        str,
        typer.Option(
            "--queues",
            metavar="NAME,…",
            help="Which queues to work on, e.g. probe,thumbnails,package or encode.cpu or live.",
        ),
    ],
    slots: Annotated[int, typer.Option("--slots", min=1, help="How many tasks at once.")],
) -> None:
    """Run a worker of the distributed form; several fit on one machine, any number on many."""
    from compose.roles import run_worker

    run_worker(configuration.load(), parse_queues(queues), slots)


def scheduler() -> None:
    """Run the scheduler of the distributed form; a second one stands by."""
    from compose.roles import run_scheduler

    run_scheduler(configuration.load())


def parse_queues(text: str) -> tuple[QueueName, ...]:
    """Read a list of queue names, each once, in the order given.

    Raises:
        InvalidRequest: a name is unknown or there is none.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = {queue.value: queue for queue in QueueName}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InvalidRequest(
            f"No such queue: {', '.join(unknown)}." if unknown else "No queue is named.",
            code="config.queue_unknown",
            remedy=f"Queues are {', '.join(known)}.",
        )
    return tuple(known[name] for name in names)
