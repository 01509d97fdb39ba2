"""Where a source comes in: storage, servers of others, and what is kept of a fetch under way."""

from contextlib import AbstractContextManager
from threading import Event

from pipeline.bootstrap import Pipeline
from pipeline.outbound.port import Answer, Call
from pipeline.services import sourcing
from pipeline.services.claims import Claimed
from pipeline.services.uploads import opening
from schemas.fetching import FetchResult, FetchState
from workers.bench import Limits, TakenFetch
from workers.insistence import insist


class IncomingSource:
    """See ``bench.Incoming``."""

    def __init__(self, pipeline: Pipeline, claimed: Claimed, stop: Event) -> None:
        self.storage = pipeline.storage
        self.prefix = claimed.prefix
        self._pipeline = pipeline
        self._lease = sourcing.Lease(claimed.task_id, claimed.epoch, claimed.asset_id)
        self._stop = stop

    def call(self, call: Call) -> AbstractContextManager[Answer]:
        """Ask a server of others."""
        return self._pipeline.outbound.call(call)

    def room_bytes(self) -> int | None:
        """Tell how much room there is for what comes."""
        floor_bytes = self._pipeline.settings.storage_floor_bytes
        return opening.room_bytes(self._pipeline.database, self.storage, floor_bytes)

    def take_up(self) -> TakenFetch | FetchResult:
        """Take the fetch of an address."""
        row = insist(
            lambda: sourcing.take_up(self._pipeline.database, self._lease), until=self._stop
        )
        if isinstance(row, FetchResult):
            return row
        settings = self._pipeline.settings
        return TakenFetch(
            url=row.url,
            epoch=row.epoch,
            is_named=row.is_named,
            state=row.state,
            limits=Limits(
                size_bytes=row.limit_bytes,
                total_s=settings.fetch_limit_s,
                floor_bytes_s=settings.fetch_floor_bytes_s,
            ),
        )

    def keep(self, epoch: int, state: FetchState) -> None:
        """Note how far the fetch is."""
        insist(
            lambda: sourcing.keep(self._pipeline.database, self._lease, epoch, state),
            until=self._stop,
        )

    def begin_again(self, epoch: int) -> None:
        """Drop what was fetched."""
        insist(
            lambda: sourcing.begin_again(self._pipeline.database, self._lease, epoch),
            until=self._stop,
        )
