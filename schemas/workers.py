"""What a worker says of itself and what it is told back."""

from datetime import datetime

from schemas.frozen import Frozen
from schemas.vocabulary import QueueName, TaskId, WorkerId


class EncoderAbility(Frozen):
    """One encoder that really encoded a test frame on this box."""

    #: ffmpeg's name, e.g. ``libx264`` or ``h264_nvenc``.
    name: str
    is_gpu: bool


class Capabilities(Frozen):
    """Measured at start, not claimed."""

    ffmpeg_version: str
    #: Digest over ffmpeg's version, configuration and encoder libraries.
    encoder_build: str
    encoders: tuple[EncoderAbility, ...]
    #: Layers of confinement that were proved to hold on this box.
    isolation: tuple[str, ...] = ()
    n_cores: int
    scratch_free_bytes: int
    #: HDR was brought down to SDR in a trial.
    can_tone_map: bool = True

    @property
    def has_gpu(self) -> bool:
        """Tell whether any GPU encoder works here."""
        return any(encoder.is_gpu for encoder in self.encoders)


class WorkerView(Frozen):
    """A row of the fleet, as operators see it."""

    id: WorkerId
    host: str
    queues: tuple[QueueName, ...]
    slots: int
    capabilities: Capabilities
    started_at: datetime
    last_seen_at: datetime
    is_draining: bool
    is_live: bool
    running: tuple[TaskId, ...] = ()


class QueueView(Frozen):
    """One queue, as operators see it."""

    name: QueueName
    ready: int
    delayed: int
    running: int
    is_paused: bool
    live_slots: int


class WorkerList(Frozen):
    """Answer of ``GET /api/workers``."""

    items: tuple[WorkerView, ...]


class QueueList(Frozen):
    """Answer of ``GET /api/queues``."""

    items: tuple[QueueView, ...]


class Pulse(Frozen):
    """One running task's heartbeat."""

    task_id: TaskId
    epoch: int
    #: 0–1 per rendition; a single unnamed part for tasks without renditions.
    progress: dict[str, float]


class Orders(Frozen):
    """What the heartbeat carries back."""

    #: Tasks whose epoch no longer stands: kill the child, publish nothing.
    lost: tuple[TaskId, ...] = ()
    #: Tasks to stop because their job was cancelled.
    cancelled: tuple[TaskId, ...] = ()
    #: Finish what runs, claim nothing new.
    drain: bool = False
    #: The fleet does not know this worker (any more): register again.
    is_unknown: bool = False
