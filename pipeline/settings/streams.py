"""How streams are told of."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from pipeline.core.addresses import checked_url


def _publishing(text: str) -> str:
    checked_url(text, ("rtmp", "rtmps"))
    return text


def _guessed_by_nobody(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", text):
        raise ValueError("must be 16 to 128 of A-Z a-z 0-9 _ and -, for it stands in addresses")
    return secret


class StreamSettings(BaseSettings):
    """Streams, as those who publish see them."""

    public_rtmp_url: Annotated[str, AfterValidator(_publishing)] = Field(
        default="",
        description="Where streamers publish, such as rtmps://live.example/live; empty: rtmp:// "
        "and the host that the API was asked at.",
    )
    broadcast_linger_s: float = Field(
        default=300.0,
        ge=0,
        description="How long a broadcast that is not recorded can still be watched once it is "
        "over, so that its viewers come to the end.",
    )
    rtmp_hook_secret: Annotated[SecretStr, AfterValidator(_guessed_by_nobody)] = Field(
        default=SecretStr(""),
        description="What nginx-rtmp, SRS or MediaMTX in front of the door show when they ask "
        "about keys, 16 characters or more; empty: they are answered 404.",
    )
    rtmp_hook_ends: bool = Field(
        default=False,
        description="Whether their word that a publisher has gone ends the broadcast at once.",
    )
    stream_series_days: int = Field(
        default=90,
        ge=1,
        le=36_500,
        description="Days the per-minute numbers of broadcasts are kept.",
    )
