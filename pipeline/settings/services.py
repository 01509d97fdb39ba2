"""Where the services are that the pipeline works on; empty means the embedded form."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from pipeline.core.addresses import checked_host_port, checked_url


def _address(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        checked_url(value.get_secret_value(), schemes)
        return value

    return AfterValidator(check)


class ServiceSettings(BaseSettings):
    """Database, broker, bus and storage."""

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
