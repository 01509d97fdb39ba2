"""``reelmill run``: everything in one process, and a clip through it to watch."""

import sys
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from api.client import ApiError, Client
from compose import configuration
from compose.cli.assets import address
from compose.cli.bars import JobBars, follow
from compose.cli.exits import Exit, complain
from compose.cli.options import DataOption, PortOption
from compose.cli.speech import language
from compose.cli.submit import unreadable
from pipeline.core.errors import ReelmillError
from pipeline.settings import Settings
from schemas.http import AssetView, ErrorView, JobRequest
from schemas.vocabulary import AssetState

_LOOK_S = 0.2


def run(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="A video; else a clip is made."),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="End with the job.")] = False,
    data: DataOption = None,
    port: PortOption = None,
) -> int:
    """Run everything in one process, put a clip through it, and keep serving.

    With --once it ends with the job: exit code 0 only if the asset is ready.
    """
    from compose.stopping import asked_to_stop
    from compose.up import House
    from pipeline.telemetry import setup_logging

    settings = _quiet(configuration.load(data_dir=data, http_port=port))
    setup_logging(settings)
    house = House(settings)
    with asked_to_stop() as stopping:
        house.start()
        try:
            sys.stdout.write(f"Serving at {house.url}\n")
            sys.stdout.write(f"Log in once at {house.login_link}\n")
            showing = _Showing(house.url, house.key, file, settings)
            showing.run_until(stopping)
            if not once and not stopping.is_set():
                sys.stdout.write("Still serving; Ctrl-C ends it.\n")
                stopping.wait()
        finally:
            house.stop()
    return showing.code


class _Showing:
    """One clip's way through, on a thread, so that a signal need not wait for it."""

    def __init__(self, url: str, key: str, file: Path | None, settings: Settings) -> None:
        self._url, self._key = url, key
        self._file = file
        self._settings = settings
        #: How it ended; interrupted until then.
        self.code = Exit.INTERRUPTED

    def run_until(self, stopping: Event) -> None:
        """Show the clip; return when it is done or a stop is asked for."""
        thread = Thread(target=self._show, name="show", daemon=True)
        thread.start()
        while thread.is_alive() and not stopping.is_set():
            thread.join(_LOOK_S)

    def _show(self) -> None:
        try:
            asset = self._through()
        except ApiError as error:
            problem = error.problem
            self._fail(ErrorView(code=problem.code, detail=problem.detail, remedy=problem.remedy))
            return
        except ReelmillError as error:
            view = ErrorView(code=error.instance_code, detail=error.detail, remedy=error.remedy)
            self._fail(view)
            return
        except OSError as error:
            self._fail(unreadable(self._file or self._settings.data_dir, error))
            return
        self.code = Exit.OK if asset.state == AssetState.READY else Exit.FAILED
        if asset.error is not None:
            complain(asset.error)
        else:
            sys.stdout.write(f"Watch it at {address(self._url, asset.watch_url)}\n")

    def _fail(self, error: ErrorView) -> None:
        complain(error)
        self.code = Exit.FAILED

    def _through(self) -> AssetView:
        from compose import clip

        file = self._file or clip.make(self._settings.data_dir, self._settings)
        with (
            Client(self._url, language=language(), credential=self._key) as client,
            JobBars() as bars,
        ):
            asset = client.upload(file)
            job = client.submit(JobRequest(asset_id=asset.id))
            follow(client, job.id, bars)
            return client.asset(asset.id)


def _quiet(settings: Settings) -> Settings:
    # The bars own the terminal; whoever sets a level wants to see more.
    if "log_level" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log_level": "WARNING"})
