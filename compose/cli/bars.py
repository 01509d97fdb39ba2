"""A bar per rendition while a job runs, on stderr, so that stdout stays for results."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Column

from api.client import Client
from schemas.http import JobView
from schemas.vocabulary import JobId, JobState

_REFRESH_S = 0.25


def follow(client: Client, job_id: JobId, bars: "JobBars") -> JobView:
    """Show a job's bars until it has ended and return it as it then is.

    Messages only say that something moved; the picture comes from the job itself, which adds
    up all chunks of a rendition.
    """
    bars.show(client.job(job_id))
    shown_at = time.monotonic()
    for _message in client.watch(job_id):
        if time.monotonic() - shown_at >= _REFRESH_S:
            bars.show(client.job(job_id))
            shown_at = time.monotonic()
    job = client.job(job_id)
    bars.show(job)
    return job


class JobBars:
    """Bars of any number of jobs: one for each whole, one for each rendition."""

    def __init__(self, *, is_shown: bool = True) -> None:
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(min_width=24), markup=False),
            BarColumn(bar_width=40),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            disable=not is_shown,
        )
        self._bars: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture standing."""
        self._progress.stop()

    def show_bytes(self, name: str, n_bytes: int, total_bytes: int) -> None:
        """Show how much of a file has been sent."""
        self._set((name, "upload"), f"upload {name}", n_bytes / max(1, total_bytes), "")

    def show(self, job: JobView) -> None:
        """Show a job as it is now."""
        left = f"{job.eta_s:.0f} s left" if job.eta_s and job.finished_at is None else ""
        self._set((job.id, ""), f"job {job.id[:13]}", job.progress, f"{_word(job)} {left}".strip())
        for rung, fraction in job.rungs.items():
            self._set((job.id, rung), f"  {rung}", fraction, "")

    def _set(self, key: tuple[str, str], text: str, fraction: float, note: str) -> None:
        if key not in self._bars:
            self._bars[key] = self._progress.add_task(text, total=1.0, note=note)
        self._progress.update(self._bars[key], completed=fraction, note=note)


def _word(job: JobView) -> str:
    if job.state == JobState.RUNNING and not job.rungs:
        return "looking at the file"
    return str(job.state)
