"""The transition tables of asset, job and task: everything that changes a state looks here.

The store applies a transition by compare-and-swap on the old state, so a state that is not
listed as a source simply does not move.
"""

from schemas.vocabulary import AssetState, JobState, TaskState

#: target → states it may be entered from.
ASSET: dict[AssetState, tuple[AssetState, ...]] = {
    AssetState.WAITING: (),
    AssetState.PROCESSING: (
        AssetState.WAITING,
        AssetState.FAILED,
        AssetState.CANCELLED,
    ),
    # Also where another job of the asset ended badly meanwhile: what this one made is good.
    AssetState.PLAYABLE: (
        AssetState.WAITING,
        AssetState.PROCESSING,
        AssetState.FAILED,
        AssetState.CANCELLED,
    ),
    AssetState.READY: (
        AssetState.WAITING,
        AssetState.PROCESSING,
        AssetState.PLAYABLE,
        AssetState.FAILED,
        AssetState.CANCELLED,
    ),
    AssetState.FAILED: (AssetState.WAITING, AssetState.PROCESSING, AssetState.PLAYABLE),
    AssetState.CANCELLED: (AssetState.WAITING, AssetState.PROCESSING, AssetState.PLAYABLE),
}

JOB: dict[JobState, tuple[JobState, ...]] = {
    JobState.WAITING: (JobState.FAILED, JobState.CANCELLED),
    JobState.RUNNING: (JobState.WAITING,),
    JobState.SUCCEEDED: (JobState.WAITING, JobState.RUNNING),
    JobState.FAILED: (JobState.WAITING, JobState.RUNNING),
    JobState.CANCELLED: (JobState.WAITING, JobState.RUNNING),
}

TASK: dict[TaskState, tuple[TaskState, ...]] = {
    TaskState.BLOCKED: (TaskState.FAILED, TaskState.CANCELLED),
    TaskState.READY: (TaskState.BLOCKED, TaskState.RUNNING),
    TaskState.RUNNING: (TaskState.READY,),
    TaskState.SUCCEEDED: (TaskState.RUNNING,),
    TaskState.FAILED: (TaskState.RUNNING,),
    TaskState.CANCELLED: (TaskState.BLOCKED, TaskState.READY, TaskState.RUNNING),
}

JOB_ENDED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
