"""What was recorded of a broadcast: its spool, as far as it is in storage."""

from collections.abc import Sequence

from pipeline.bootstrap import Pipeline
from pipeline.core import keys
from pipeline.core.recording.spool import is_piece, order
from pipeline.services.claims import Claimed
from pipeline.services.recordings import spooling
from schemas.profile import Profile
from schemas.streams import SessionId
from workers.bench import SpoolState


class RecordedBroadcast:
    """See ``bench.Recording``."""

    def __init__(self, pipeline: Pipeline, claimed: Claimed) -> None:
        self._pipeline = pipeline
        self._claimed = claimed

    def spool(self, session_id: SessionId) -> SpoolState:
        """Look how much of the spool is in storage."""
        found = spooling.look(self._pipeline.database, session_id)
        return SpoolState(found.pieces, found.told_ms, found.over_s, has_lost=found.has_lost)

    def keys(self) -> Sequence[str]:
        """Name the pieces that are in storage: what is known of them may have been deleted."""
        prefix = keys.spool_prefix(self._claimed.asset_id)
        found = (stored.key for stored in self._pipeline.storage.list(prefix))
        return sorted((key for key in found if is_piece(key)), key=order)

    def size_bytes(self) -> int:
        """Add up what they take there."""
        prefix = keys.spool_prefix(self._claimed.asset_id)
        return sum(stored.size_bytes for stored in self._pipeline.storage.list(prefix))

    def profile(self) -> Profile:
        """Read what the job makes of a source."""
        return spooling.profile_of(self._pipeline.database, self._claimed.job_id)
