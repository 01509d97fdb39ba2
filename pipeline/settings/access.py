"""Who may do what."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class AccessSettings(BaseSettings):
    """Accounts, keys and what those without any may do."""

    anonymous_role: Literal["", "viewer", "creator", "operator", "admin"] = Field(
        default="admin",
        description="What callers who show no credentials may do; empty: what is public, alone.",
    )
