"""What the elected scheduler does now and then; each chore is a call or two of services."""

from threading import Event

from pipeline.bootstrap import Pipeline
from pipeline.services import broadcasts, housekeeping, stream_minutes
from pipeline.services.recordings import retention
from pipeline.services.stream_minutes import MinuteKeeper
from pipeline.services.uploads import ending
from pipeline.services.uploads.completing import Patience

_DAY_S = 86_400.0


class Chores:
    """Over one pipeline; a chore that runs long ends early when the process stops."""

    def __init__(self, pipeline: Pipeline, stopping: Event) -> None:
        self._pipeline = pipeline
        self._stopping = stopping
        #: Keeps who watches, and what is measured of broadcasts.
        self.minutes = MinuteKeeper(pipeline.database, pipeline.audience)

    def collect_garbage(self) -> None:
        """Delete what lost attempts and deleted assets left."""
        housekeeping.collect_garbage(
            self._pipeline.database,
            self._pipeline.storage,
            patience_s=self._pipeline.settings.garbage_delay_s,
        )

    def uploads(self) -> None:
        """Complete what is all there, and let the rest expire."""
        settings = self._pipeline.settings
        patience = Patience(settings.max_attempts, settings.max_lost)
        # First: what is all there has not expired, however long we were away.
        ending.settle(self._pipeline.database, self._pipeline.storage, patience=patience)
        ending.expire(self._pipeline.database)

    def schedule(self) -> None:
        """Remind of broadcasts that begin soon, and let old recordings go."""
        broadcasts.follow_schedule(self._pipeline.database)
        linger_s = self._pipeline.settings.broadcast_linger_s
        retention.forget_expired(self._pipeline.database, linger_s=linger_s)

    def trim(self) -> None:
        """Forget old events, uploads and numbers."""
        retention_s = self._pipeline.settings.event_retention_s
        ending.trim(self._pipeline.database, older_than_s=retention_s)
        kept_s = self._pipeline.settings.stream_series_days * _DAY_S
        # In batches, so that no reader waits long for the lock.
        while not self._stopping.is_set():
            if not stream_minutes.trim(self._pipeline.database, kept_s=kept_s):
                break
        while not self._stopping.is_set():
            if not housekeeping.trim(self._pipeline.database, event_retention_s=retention_s):
                break
