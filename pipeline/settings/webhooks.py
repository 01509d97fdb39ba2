"""How webhooks are sent."""

from pydantic import Field
from pydantic_settings import BaseSettings


class WebhookSettings(BaseSettings):
    """Requests that tell others what happened."""

    webhook_threads: int = Field(
        default=16, ge=1, description="Webhooks one scheduler sends to at once."
    )
    delivery_retention_s: float = Field(
        default=14 * 86400.0, gt=0, description="Seconds the log of deliveries stays readable."
    )
