"""The only reader of the environment; read once at start, passed down as plain values."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.core.addresses import checked_host_port, checked_url


def _address(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        checked_url(value.get_secret_value(), schemes)
        return value

    return AfterValidator(check)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every knob of every role. Names in the environment carry the prefix ``REELMILL_``."""

    model_config = SettingsConfigDict(
        env_prefix="REELMILL_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        # Wrong values may be passwords.
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of the embedded form: database, objects and scratch lie below it.",
    )
    database_url: Annotated[SecretStr, _address("postgresql", "postgres", "sqlite")] = Field(
        default=SecretStr(""),
        description="sqlite:///… or postgresql://…; empty means SQLite in data_dir.",
    )
    broker_url: Annotated[SecretStr, _address("amqp", "amqps")] = Field(
        default=SecretStr(""),
        description="amqp:// address of RabbitMQ; empty means the in-memory broker of one process.",
    )
    broker_queue_type: Literal["classic", "quorum"] = Field(
        default="classic",
        description="Type of new RabbitMQ queues; to change it, change broker_prefix too.",
    )
    broker_prefix: str = Field(
        default="reelmill1",
        description="First part of queue names; its number versions their arguments.",
    )
    redis_url: Annotated[SecretStr, _address("redis", "rediss", "unix")] = Field(
        default=SecretStr(""),
        description="redis:// address for progress; empty means in memory, one process.",
    )
    s3_endpoint: Annotated[str, AfterValidator(checked_host_port)] = Field(
        default="",
        description="host:port of an S3 server; empty means a directory below data_dir.",
    )
    s3_access_key: SecretStr = Field(default=SecretStr(""), description="S3 access key.")
    s3_secret_key: SecretStr = Field(default=SecretStr(""), description="S3 secret key.")
    s3_bucket: str = Field(default="reelmill", description="S3 bucket; made at start if missing.")
    s3_region: str = Field(default="us-east-1", description="S3 region, sent with every request.")
    s3_secure: bool = Field(default=True, description="Whether to speak TLS to the S3 server.")
    http_host: str = Field(
        default="127.0.0.1",
        description="Address the HTTP server binds; any but this box's own is warned about.",
    )
    http_port: int = Field(
        default=8080, ge=0, le=65535, description="Port of the HTTP server; 0 picks a free one."
    )
    http_threads: int = Field(default=16, ge=2, description="Threads for plain HTTP requests.")
    websocket_clients: int = Field(
        default=200,
        ge=0,
        description="Most websockets one API process serves; further ones get 503.",
    )
    upload_limit_bytes: int = Field(
        default=10 * 2**30, ge=1, description="Largest file accepted, in bytes."
    )
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
    log_json: bool = Field(default=False, description="Log JSON lines instead of text.")
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = Field(default="INFO", description="Least severe level that is logged.")

    @property
    def resolved_database_url(self) -> str:
        """Address of the database, the embedded one if none is set."""
        embedded = f"sqlite:///{self.data_dir.absolute() / 'reelmill.db'}"
        return self.database_url.get_secret_value() or embedded

    @property
    def resolved_scratch_dir(self) -> Path:
        """Folder for work in progress."""
        return self.scratch_dir or self.data_dir / "scratch"


class Locale(BaseSettings):
    """What language the person at the terminal reads, as every program is told."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore")

    lc_all: str = ""
    lc_messages: str = ""
    lang: str = ""

    @property
    def name(self) -> str:
        """The locale that counts, such as ``ko_KR.UTF-8``; the first that is set."""
        return self.lc_all or self.lc_messages or self.lang
