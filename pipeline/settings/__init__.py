"""The only reader of the environment; read once at start, passed down as plain values."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.settings.access import AccessSettings
from pipeline.settings.http import HttpSettings
from pipeline.settings.ingest import IngestSettings
from pipeline.settings.outbound import OutboundSettings
from pipeline.settings.services import ServiceSettings
from pipeline.settings.streams import StreamSettings
from pipeline.settings.uploads import UploadSettings
from pipeline.settings.webhooks import WebhookSettings
from pipeline.settings.work import WorkSettings


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(
    WorkSettings,
    UploadSettings,
    WebhookSettings,
    StreamSettings,
    IngestSettings,
    OutboundSettings,
    AccessSettings,
    HttpSettings,
    ServiceSettings,
):
    """Every knob of every role. Names in the environment carry the prefix ``REELMILL_``."""

    model_config = SettingsConfigDict(
        env_prefix="REELMILL_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        # Wrong values may be passwords.
        hide_input_in_errors=True,
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
    def resolved_spool_dir(self) -> Path:
        """Folder of what publishers send."""
        return self.spool_dir or self.data_dir / "spool"

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


class UserFolders(BaseSettings):
    """Where programs keep what is somebody's own (XDG Base Directory)."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore")

    xdg_state_home: str = ""
    home: str = "/"

    @property
    def state(self) -> Path:
        """Folder of what we remember between commands; a relative one is not one, by the rule."""
        given = Path(self.xdg_state_home)
        return (given if given.is_absolute() else Path(self.home) / ".local/state") / "reelmill"
