"""``reelmill jobs …``: see and steer jobs."""

import sys
from typing import Annotated

import typer

from compose.cli.bars import JobBars, follow
from compose.cli.exits import Exit, complain
from compose.cli.options import (
    DEFAULT_SERVER,
    CursorOption,
    JobArgument,
    JsonOption,
    LimitOption,
    ServerOption,
)
from compose.cli.output import age, fault, percent, print_facts, print_json, print_table, said
from compose.cli.speech import connect
from schemas.http import JobView, TaskView
from schemas.listing import JobWish
from schemas.vocabulary import JobId, JobState

app = typer.Typer(help="See and steer jobs.", no_args_is_help=True)


@app.command("list")
def list_jobs(
    *,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    wish = JobWish() if state is None else JobWish(state=(state,))
    with connect(server) as client:
        page = client.jobs(wish, cursor=cursor, limit=limit)
    if as_json:
        print_json(page)
        return
    print_table(
        ("JOB", "STATE", "DONE", "PROFILE", "PRIORITY", "AGE", "ASSET", "ERROR"),
        (
            (
                *(job.id, job.state, percent(job.progress), job.profile, job.priority),
                *(age(job.created_at), job.asset_id, job.error and job.error.code),
            )
            for job in page.items
        ),
    )
    if page.next:
        sys.stderr.write(f"More: --cursor {page.next}\n")


@app.command("show")
def show(
    job_id: JobArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Show one job with its tasks."""
    with connect(server) as client:
        job = client.job(JobId(job_id))
    _print(job, as_json=as_json)


@app.command("watch")
def watch(
    job_id: JobArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> int:
    """Watch a job until it is done; with --json print every message as a line of JSON."""
    with connect(server) as client:
        if as_json:
            for message in client.watch(JobId(job_id)):
                sys.stdout.write(message.model_dump_json() + "\n")
                sys.stdout.flush()
            job = client.job(JobId(job_id))
        else:
            with JobBars() as bars:
                job = follow(client, JobId(job_id), bars)
    return verdict(job)


@app.command("cancel")
def cancel(
    job_id: JobArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Stop a job, with whatever of it runs."""
    with connect(server) as client:
        job = client.cancel(JobId(job_id))
    _print(job, as_json=as_json)


@app.command("retry")
def retry(
    job_id: JobArgument, *, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False
) -> None:
    """Let a failed or cancelled job go on from where it was."""
    with connect(server) as client:
        job = client.retry(JobId(job_id))
    _print(job, as_json=as_json)


def verdict(job: JobView) -> Exit:
    """Complain about a job that did not succeed and choose the exit code."""
    if job.error is not None:
        complain(job.error)
    return Exit.OK if job.state == JobState.SUCCEEDED else Exit.FAILED


def _print(job: JobView, *, as_json: bool) -> None:
    if as_json:
        print_json(job)
        return
    print_facts(
        {
            "job": job.id,
            "asset": job.asset_id,
            "state": job.state,
            "done": percent(job.progress),
            "seconds left": None if job.eta_s is None else f"{job.eta_s:.0f}",
            "profile": job.profile,
            "priority": job.priority,
            "renditions": "  ".join(f"{name} {percent(done)}" for name, done in job.rungs.items())
            or None,
            "metadata": "  ".join(f"{key}={value}" for key, value in job.metadata.items()) or None,
            "warnings": said(job.warnings),
            "error": fault(job.error),
        }
    )
    if job.tasks:
        print_table(
            ("TASK", "KIND", "CHUNK", "QUEUE", "STATE", "TRY", "LOST", "DONE", "WORKER", "ERROR"),
            (_row(task) for task in job.tasks),
        )


def _row(task: TaskView) -> tuple[object, ...]:
    done = min(task.progress.values(), default=None)
    return (
        *(task.id, task.kind, task.chunk, task.queue, task.state),
        *(f"{task.attempt}/{task.max_attempts}", task.lost_count),
        *(None if done is None else percent(done), task.worker_id),
        task.error and f"{task.error.detail} [{task.error.code}]",
    )
