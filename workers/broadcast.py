"""A broadcast as its live task sees it: how it stands, what came in, what was made before."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from threading import Event

from pipeline.bootstrap import Pipeline
from pipeline.core import live_access
from pipeline.core.errors import LeaseLost, NotFound, Unavailable
from pipeline.services import live, sessions
from pipeline.services.claims import Claimed
from schemas.live import LiveParams
from schemas.plan import MediaPlan
from schemas.streams import SessionState
from workers.bench import OnAir, Standing, StoredPiece
from workers.doorway import listening
from workers.insistence import insist


class Broadcast:
    """See ``bench.Broadcasting``."""

    def __init__(self, pipeline: Pipeline, claimed: Claimed, stop: Event) -> None:
        if not isinstance(claimed.params, LiveParams):
            raise TypeError(f"a task of kind {claimed.params.kind} has no broadcast")
        self.storage = pipeline.storage
        self._pipeline = pipeline
        self._claimed = claimed
        self._session_id = claimed.params.session_id
        self._stop = stop

    def on_air(self) -> OnAir:
        """Tell how the broadcast stands now; one whose stream was deleted is over."""
        database = self._pipeline.database
        try:
            row = insist(lambda: sessions.session_of(database, self._session_id), until=self._stop)
        except NotFound:
            return OnAir(0, "", is_over=True)
        is_over = row.state is SessionState.CLOSED
        return OnAir(row.epoch, row.publisher.door_url, is_over)

    def pieces(self) -> list[StoredPiece]:
        """List what of it lies in storage."""
        database = self._pipeline.database
        rows = insist(lambda: sessions.pieces_of(database, self._session_id), until=self._stop)
        return [StoredPiece(row.key, row.from_ms, row.until_ms) for row in rows]

    def listen(self, door_url: str, from_ms: int) -> AbstractContextManager[Iterator[bytes]]:
        """Read FLV from a door."""
        path = f"/internal/sessions/{self._session_id}.flv?from_ms={from_ms}"
        token = live_access.token(self._pipeline.secret, self._session_id)
        return listening(door_url, path, token)

    def standing(self) -> Standing:
        """Read what was made before."""
        database, job_id = self._pipeline.database, self._claimed.job_id
        found = insist(lambda: live.standing(database, job_id, self._session_id), until=self._stop)
        return Standing(
            plan=found.plan,
            n_segments=found.n_segments,
            end_s=found.end_s,
            sound_end_s=found.sound_end_s,
            inits=found.inits,
            thinned=found.thinned,
        )

    def begin(self, plan: MediaPlan) -> MediaPlan:
        """Keep the plan, unless there is one."""
        claimed = self._claimed
        return insist(
            lambda: live.begin(self._pipeline.database, claimed.task_id, claimed.epoch, plan),
            until=self._stop,
        )

    def note(self, facts: Mapping[str, float | int | str | list[str] | None]) -> None:
        """Tell watchers how the work goes."""
        claimed = self._claimed
        try:
            live.note(
                self._pipeline.database, claimed.task_id, claimed.epoch, self._session_id, facts
            )
        except (Unavailable, LeaseLost):
            # In a second there is news, or it is for another to tell.
            return

    def say_thinned(self, rung: str) -> None:
        """Tell watchers that a rung is left out."""
        claimed = self._claimed
        insist(
            lambda: live.say_thinned(
                self._pipeline.database, claimed.task_id, claimed.epoch, self._session_id, rung
            ),
            until=self._stop,
        )
