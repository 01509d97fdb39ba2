"""Who may do what."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

#: As many characters as make a secret that nobody tries out.
_SECRET_LENGTH = 32


def _long(value: SecretStr) -> SecretStr:
    if 0 < len(value.get_secret_value()) < _SECRET_LENGTH:
        raise ValueError(f"must have {_SECRET_LENGTH} characters or more")
    return value


class AccessSettings(BaseSettings):
    """Accounts, keys and what those without any may do."""

    anonymous_role: Literal["", "viewer", "creator", "operator", "admin"] = Field(
        default="admin",
        description="What callers who show no credentials may do; empty: what is public, alone.",
    )
    secret: Annotated[SecretStr, AfterValidator(_long)] = Field(
        default=SecretStr(""),
        description="What is given out is signed with; one for all API processes, 32 characters or "
        "more; empty means one of its own making in data_dir.",
    )
