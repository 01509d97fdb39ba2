"""Which rows a list shall have; what is None or empty does not narrow it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.vocabulary import AssetId, AssetState, JobState


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What lists of assets and of jobs have in common."""

    #: Whose they must be, for those who see their own alone.
    owner: str | None = None
    #: Whose they shall be, among those that can be seen.
    account: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    #: All of these must be among the app's own.
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AssetFilter(Filter):
    """Which assets."""

    states: tuple[AssetState, ...] = ()
    #: A part of the name, in large or small letters.
    filename: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobFilter(Filter):
    """Which jobs."""

    states: tuple[JobState, ...] = ()
    asset_id: AssetId | None = None
    #: Name of its profile.
    profile: str | None = None


EVERY_ASSET = AssetFilter()
EVERY_JOB = JobFilter()
