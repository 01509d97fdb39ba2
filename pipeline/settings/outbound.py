"""Where our own requests may go."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from pipeline.core.egress import DEFAULT_PORTS, checked_networks, checked_ports


class OutboundSettings(BaseSettings):
    """Requests to addresses that callers name."""

    egress_allow: Annotated[str, AfterValidator(checked_networks)] = Field(
        default="",
        description="Private networks that sources and webhooks may name: 10.1.0.0/16,fd00::/64.",
    )
    egress_ports: Annotated[str, AfterValidator(checked_ports)] = Field(
        default=DEFAULT_PORTS,
        description="Ports that public sources and webhooks may name; in egress_allow any.",
    )
    fetch_limit_s: float = Field(
        default=6 * 3600.0, gt=0, description="Longest time one attempt may fetch a source, in s."
    )
    fetch_floor_bytes_s: int = Field(
        default=8192,
        ge=0,
        description="Slowest fetch that goes on, in bytes a second over half a minute; 0 is any.",
    )
