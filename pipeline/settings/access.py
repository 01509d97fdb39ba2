"""Who may do what."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from pipeline.core.addresses import checked_url
from pipeline.core.strength import weakness


def _strong(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    why = weakness(secret) if secret else None
    if why:
        raise ValueError(f"is too weak to sign with: {why}; make one with `openssl rand -hex 32`")
    return value


def _public(value: str) -> str:
    if value:
        checked_url(value, ("http", "https"))
    return value.rstrip("/")


class AccessSettings(BaseSettings):
    """Accounts, keys and what those without any may do."""

    anonymous_role: Literal["", "viewer", "creator", "operator", "admin"] = Field(
        default="",
        description="What callers who show no credentials may do; empty: what is public, alone. "
        "Refused where others than this box can reach the server.",
    )
    secret: Annotated[SecretStr, AfterValidator(_strong)] = Field(
        default=SecretStr(""),
        description="What is given out is signed with; one for all API and "
        "scheduler processes, 32 characters or "
        "more; empty means one of its own making in data_dir.",
    )
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="API key the command line shows to the server; by itself it has that of "
        "data_dir.",
    )
    public_url: Annotated[str, AfterValidator(_public)] = Field(
        default="",
        description="Where people reach the server, such as https://media.example.org; with https "
        "cookies are sent over it alone.",
    )
    access_token_s: int = Field(
        default=900, ge=10, le=86_400, description="Seconds an access token counts."
    )
    login_s: int = Field(
        default=14 * 86_400,
        ge=60,
        description="Seconds a login lasts, of a browser or by refresh tokens.",
    )
    jwt_issuer: str = Field(
        default="",
        description="`iss` of an app in front whose bearer tokens are taken too; empty: of none.",
    )
    jwt_audience: str = Field(default="", description="`aud` its tokens must name.")
    jwt_algorithm: Literal["RS256", "ES256"] = Field(
        default="RS256", description="The one algorithm it signs with."
    )
    jwt_jwks: str = Field(
        default="",
        description="https:// address, or path of a file, of its public keys (JWKS).",
    )
    jwt_jwks_refetch_s: float = Field(
        default=60.0, ge=1, description="Seconds before an unknown key id makes us look again."
    )
    jwt_role_claim: str = Field(default="role", description="Claim that names the role.")
    jwt_role_ceiling: Literal["viewer", "creator", "operator", "admin"] = Field(
        default="creator", description="Highest role its tokens give, whatever they claim."
    )
