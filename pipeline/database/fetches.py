"""Sources at addresses of others, as long as they are fetched; see ``port``."""

from dataclasses import dataclass, field
from typing import Protocol

from schemas.fetching import FetchState
from schemas.vocabulary import AssetId


@dataclass(frozen=True)
class NewFetch:
    """An address that an asset's source is to come from."""

    asset_id: AssetId
    #: May hold secrets.
    url: str = field(repr=False)
    limit_bytes: int
    #: Whether whoever asked said what the file is called.
    is_named: bool


@dataclass(frozen=True)
class FetchRow(NewFetch):
    """One fetch under way."""

    #: Grows with each worker that takes it up: the right to write its bytes.
    epoch: int
    #: None before anything was kept.
    state: FetchState | None


class FetchRows(Protocol):
    """Fetches under way."""

    def add(self, row: NewFetch) -> None: ...
    def get(self, asset_id: AssetId) -> FetchRow | None: ...
    def take(self, asset_id: AssetId) -> FetchRow | None:
        """Raise the epoch, which takes it from whoever had it; None where it is over."""

    def keep(self, asset_id: AssetId, epoch: int, state: FetchState | None) -> bool:
        """Note how far it is; tell whether the epoch still stood."""

    def forget(self, asset_id: AssetId) -> None:
        """Wipe the address."""

    def forget_idle(self, age_s: float, limit: int) -> list[FetchRow]:
        """Wipe addresses so old that no job is waiting for or working on; tell which."""
