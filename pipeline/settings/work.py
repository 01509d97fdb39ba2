"""How workers and the scheduler work."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class WorkSettings(BaseSettings):
    """Workers, leases and limits."""

    scratch_dir: Path | None = Field(
        default=None,
        description="Folder for work in progress and the source cache; default data_dir/scratch.",
    )
    scratch_limit_bytes: int = Field(
        default=20 * 2**30,
        ge=2**20,
        description="Most bytes running tasks may reserve on this box.",
    )
    cache_limit_bytes: int = Field(
        default=20 * 2**30, ge=0, description="Most bytes of fetched sources kept on this box."
    )
    profiles_dir: Path | None = Field(
        default=None,
        description="Folder of your own profiles, one YAML file each; they win over built-in ones.",
    )
    worker_slots: int = Field(
        default=0,
        ge=0,
        description="Encode tasks at once in `reelmill up`; 0 means half the cores, at least two.",
    )
    encoder_threads: int = Field(
        default=0,
        ge=0,
        description="Threads per ffmpeg; 0 means cores divided by slots, rounded up.",
    )
    ffmpeg: str = Field(
        default="", description="Path of ffmpeg; empty means the wheel's, then PATH."
    )
    ffprobe: str = Field(default="", description="Path of ffprobe; empty means as for ffmpeg.")
    isolation: Literal["auto", "required"] = Field(
        default="auto",
        description="Confine ffmpeg as far as this box can; `required` refuses to work on less.",
    )
    lease_s: float = Field(
        default=12.0,
        gt=0,
        description="Seconds a worker may be silent before its task is given away.",
    )
    live_lease_s: float = Field(
        default=6.0,
        gt=0,
        description="Seconds a worker with a live task, or an RTMP door with a broadcast, may be "
        "silent before it is given away: viewers wait for both.",
    )
    live_slots: int = Field(
        default=0,
        ge=0,
        description="Broadcasts at once in `reelmill up`; 0 means as many as cores, at least four.",
    )
    heartbeat_s: float = Field(
        default=1.0, gt=0, description="Seconds between heartbeats of a worker process."
    )
    sweep_interval_s: float = Field(
        default=2.0, gt=0, description="Seconds between sweeps for lost leases and unheard rings."
    )
    max_attempts: int = Field(
        default=3, ge=1, description="Times a task is tried before its job fails."
    )
    max_lost: int = Field(
        default=10, ge=1, description="Times a task may lose its worker before its job fails."
    )
    stall_s: float = Field(
        default=120.0, gt=0, description="Seconds without progress after which a task is stopped."
    )
    stop_grace_s: float = Field(
        default=8.0,
        gt=0,
        description="Seconds a stopping worker waits for its tasks to be handed back.",
    )
    garbage_delay_s: float = Field(
        default=600.0,
        ge=0,
        description="Seconds before what a lost attempt wrote goes; longer than zombies live.",
    )
    max_source_pixels: int = Field(
        default=7680 * 4320, ge=1, description="Most pixels of a source frame."
    )
    max_source_duration_s: float = Field(
        default=12 * 3600.0, gt=0, description="Longest source accepted, in seconds."
    )
    max_source_streams: int = Field(default=64, ge=1, description="Most streams of a source.")
    event_retention_s: float = Field(
        default=30 * 86400.0, gt=0, description="Seconds events stay readable."
    )
