"""``reelmill submit``: hand files in."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from api.client import ApiError, Client
from compose.cli.assets import address
from compose.cli.bars import JobBars, follow
from compose.cli.exits import Exit, code_of_problem, complain
from compose.cli.options import (
    DEFAULT_SERVER,
    JsonOption,
    MetadataOption,
    PlaybackOption,
    ProfileOption,
    ServerOption,
    TrimOption,
    notes_of,
)
from compose.cli.output import print_facts, print_json, print_table, printable, said
from compose.cli.sending import Sending
from compose.cli.speech import connect
from schemas.http import ErrorView, JobRequest, Submitted
from schemas.identity import Playback
from schemas.sources import UrlSource
from schemas.vocabulary import AssetId, AssetState, JobId

Answer = TypeVar("Answer")


def submit(  # noqa: PLR0913  # each is an option
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|URL…", help="Video files, or addresses of such.")
    ],
    *,
    profile: ProfileOption = "default",
    priority: Annotated[
        int, typer.Option("--priority", min=0, max=9, help="9 is most urgent.")
    ] = 5,
    trim: TrimOption = None,
    playback: PlaybackOption = Playback.PUBLIC,
    metadata: MetadataOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all are done.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    as_json: JsonOption = False,
) -> int:
    """Hand files in, or addresses the server fetches; each becomes an asset and a job on it.

    One that cannot be handed in does not hold up the others; the exit code is the first one's
    that went wrong. Interrupted and run again, it goes on where an upload stopped.
    """
    notes = notes_of(metadata)
    with connect(server) as client, JobBars(is_shown=not as_json) as bars:
        reception = Reception(client, bars, playback)
        wish = JobRequest(
            asset_id=_TO_COME,
            profile=profile,
            priority=priority,
            trim=trim,
            metadata=notes,
        )
        handed_in = [reception.hand_in(source, wish) for source in sources]
        if wait:
            handed_in = [reception.wait_for(submitted) for submitted in handed_in]
    if as_json:
        print_json(handed_in)
    else:
        _print([_named(source) for source in sources], handed_in)
    return reception.code


#: Stands in a wish whose asset is not there yet.
_TO_COME = AssetId("-")


class Reception:
    """Takes files in, one after the other, and remembers what first went wrong."""

    def __init__(self, client: Client, bars: JobBars, playback: Playback) -> None:
        self._client = client
        self._bars = bars
        self._playback = playback
        self._sending = Sending(client, bars)
        self.code = Exit.OK

    def hand_in(self, source: str, wish: JobRequest) -> Submitted:
        """Hand in a file or an address, and submit a job on it."""
        if is_address(source):
            return self._fetch(source, wish)
        path = Path(source)
        try:
            # What can be known here is not asked of a server.
            path.stat()
            self._require(wish.profile)
            sent = self._sending.send(path, wish, self._playback)
            return self._submitted(sent.asset_id, sent.job_id)
        except OSError as error:
            return self._refused(Exit.REFUSED, unreadable(path, error))
        except ApiError as error:
            return self._turned_away(error)

    def _require(self, profile: str) -> None:
        """Find out that a profile is unknown before hours of upload, not after them."""
        if_allowed(lambda: self._client.profile(profile))

    def _fetch(self, url: str, wish: JobRequest) -> Submitted:
        """Let the server fetch it."""
        source = UrlSource.model_construct(url=url, playback=self._playback)
        try:
            # Asked once, where a job is asked for again and again: nobody there is known soon.
            self._require(wish.profile)
            job = self._client.submit(wish.model_copy(update={"asset_id": None, "source": source}))
            return self._submitted(job.asset_id, job.id)
        except ApiError as error:
            return self._turned_away(error)

    def _submitted(self, asset_id: AssetId | None, job_id: JobId | None) -> Submitted:
        asset = None if asset_id is None else if_allowed(lambda: self._client.asset(asset_id))
        return Submitted(
            asset_id=asset_id,
            job_id=job_id,
            state=AssetState.WAITING if asset is None else asset.state,
            watch_url=None if asset is None else address(self._client.base_url, asset.watch_url),
        )

    def wait_for(self, submitted: Submitted) -> Submitted:
        """Follow one that was handed in until its job has ended."""
        if submitted.job_id is None or submitted.asset_id is None:
            return submitted
        try:
            job = follow(self._client, submitted.job_id, self._bars)
            asset = self._client.asset(submitted.asset_id)
        except ApiError as error:
            self._note(code_of_problem(error.problem))
            return submitted.model_copy(update={"error": _view(error)})
        if asset.state != AssetState.READY:
            self._note(Exit.FAILED)
        return submitted.model_copy(
            update={
                "state": asset.state,
                "warnings": asset.warnings,
                "error": job.error or asset.error,
            }
        )

    def _turned_away(self, error: ApiError) -> Submitted:
        return self._refused(code_of_problem(error.problem), _view(error))

    def _refused(self, code: Exit, error: ErrorView) -> Submitted:
        self._note(code)
        return Submitted(asset_id=None, job_id=None, state="failed", watch_url=None, error=error)

    def _note(self, code: Exit) -> None:
        self.code = self.code or code


def if_allowed(ask: Callable[[], Answer]) -> Answer | None:
    """Ask for what a key that may hand files in, and nothing else, is not told."""
    try:
        return ask()
    except ApiError as error:
        if error.problem.status != HTTPStatus.FORBIDDEN:
            raise
        return None


def unreadable(path: Path, error: OSError) -> ErrorView:
    """Say that a local file cannot be read."""
    detail = f"{printable(path)} cannot be read: {error.strerror or error}."
    return ErrorView(code="file.unreadable", detail=detail, remedy="Check the path.")


def _view(error: ApiError) -> ErrorView:
    problem = error.problem
    return ErrorView(code=problem.code, detail=problem.detail, remedy=problem.remedy)


def is_address(source: str) -> bool:
    """Tell an address from a file's name."""
    return source.lower().startswith(("http://", "https://"))


def _named(source: str) -> str:
    """Name what was handed in; an address without what may be secret in it."""
    if not is_address(source):
        return printable(Path(source).name)
    return printable(source.partition("?")[0].partition("#")[0].rpartition("@")[2])


def _print(names: Sequence[str], handed_in: Sequence[Submitted]) -> None:
    print_table(
        ("SOURCE", "STATE", "JOB", "ASSET", "WATCH"),
        (
            (name, entry.state, entry.job_id, entry.asset_id, entry.watch_url)
            for name, entry in zip(names, handed_in, strict=True)
        ),
    )
    for name, entry in zip(names, handed_in, strict=True):
        if entry.error is not None:
            detail = f"{name}: {entry.error.detail}"
            complain(entry.error.model_copy(update={"detail": detail}))
        if entry.warnings:
            print_facts({name: said(entry.warnings)})
