"""How streams are told of."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from pipeline.core.addresses import checked_url


def _publishing(text: str) -> str:
    checked_url(text, ("rtmp", "rtmps"))
    return text


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
