"""What viewers may know of an asset, and the signed addresses they are given."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.frozen import Frozen
from schemas.http import ChapterView, ErrorView
from schemas.media import MediaWarning
from schemas.vocabulary import AssetId, AssetState, JobId, JobState, TaskId, TaskState

_HOUR_S = 3600
LONGEST_LINK_S = 30 * 24 * _HOUR_S


class WatchedAsset(Frozen):
    """An asset as whoever may watch it sees it: nothing of its source, its owner or its making."""

    id: AssetId
    state: AssetState
    filename: str
    job_id: JobId | None = None
    hls_url: str
    dash_url: str | None
    watch_url: str
    #: This very document.
    asset_url: str
    download_url: str | None = None
    poster_url: str | None = None
    storyboard_url: str | None = None
    chapters: tuple[ChapterView, ...] = ()
    #: Why there is nothing to watch; without particulars.
    error: ErrorView | None = None
    #: What a viewer would notice: damage.
    warnings: tuple[MediaWarning, ...] = ()


class WatchedTask(Frozen):
    """A piece of the work, as far as a progress bar needs it."""

    id: TaskId
    state: TaskState
    is_background: bool = False
    progress: dict[str, float]


class WatchedJob(Frozen):
    """How far an asset is prepared."""

    id: JobId
    asset_id: AssetId
    state: JobState
    progress: float
    rungs: dict[str, float]
    eta_s: float | None = None
    tasks: tuple[WatchedTask, ...] = ()


class WatchedSnapshot(Frozen):
    """First message of a job's socket for viewers, and again after a gap."""

    type: Literal["snapshot"] = "snapshot"
    job: WatchedJob
    last_event_id: int


class PlaybackLinkRequest(Frozen):
    """Ask for addresses that anybody may watch an asset by, for a while."""

    #: Longer than the asset plays: it is checked at every request.
    expires_in_s: int = Field(default=6 * _HOUR_S, ge=10, le=LONGEST_LINK_S)
    #: Whom they are for, in your words; it can be read in the address.
    label: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


class PlaybackLinks(Frozen):
    """The addresses; all of them end together."""

    asset_id: AssetId
    expires_at: datetime
    label: str = ""
    hls_url: str
    dash_url: str | None
    watch_url: str
    asset_url: str
    download_url: str | None = None
    poster_url: str | None = None
    storyboard_url: str | None = None
