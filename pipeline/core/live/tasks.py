"""The task of a broadcast, which goes along with it."""

from collections.abc import Callable

from pipeline.core.graph import NewTask
from pipeline.core.ranks import task_rank
from schemas.live import LiveParams
from schemas.profile import Profile
from schemas.streams import SessionId
from schemas.vocabulary import AssetId, QueueName, TaskId

#: Segments that wait for their store, and a part being made.
_SCRATCH_BYTES = 512 * 2**20


def live_task(
    asset_id: AssetId,
    session_id: SessionId,
    profile: Profile,
    *,
    rank: float,
    new_id: Callable[[], TaskId],
) -> NewTask:
    """Make the task that turns a broadcast into segments."""
    return NewTask(
        id=new_id(),
        params=LiveParams(asset_id=asset_id, session_id=session_id, profile=profile),
        queue=QueueName.LIVE,
        rank=task_rank(rank, order=0, is_express=True),
        is_express=True,
        scratch_bytes=_SCRATCH_BYTES,
    )
