"""What lists of assets and jobs can be narrowed by."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints

from schemas.edits import Metadata
from schemas.frozen import Frozen
from schemas.vocabulary import AssetId, AssetState, JobState

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)

Item = TypeVar("Item")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_written(value: Any) -> Any:
    # Numbers would be read as seconds since 1970.
    if isinstance(value, str) and not _TIME.fullmatch(value):
        raise ValueError("must be a time with its offset, such as 2026-02-03T04:05:06Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_as_written)]
#: One parameter that may be given several times.
Several = Annotated[tuple[Item, ...], Field(max_length=20), BeforeValidator(_listed)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
IdText = Annotated[AssetId, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Wish(Frozen):
    """What both lists can be narrowed by."""

    created_after: Moment | None = None
    created_before: Moment | None = None
    #: Of those an operator sees.
    account: Text | None = None
    #: ``metadata[key]=value``, several times; all of them must hold.
    metadata: Metadata = Field(default_factory=dict)


class AssetWish(Wish):
    """Which assets."""

    state: Several[AssetState] = ()
    #: A part of the name.
    filename: Text | None = None


class JobWish(Wish):
    """Which jobs."""

    state: Several[JobState] = ()
    asset_id: IdText | None = None
    profile: Text | None = None
