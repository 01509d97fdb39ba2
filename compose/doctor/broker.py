"""How long RabbitMQ lets a ring go unacknowledged, as far as it can be asked."""

from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from compose.doctor.report import Check, note, ok
from pipeline.settings import Settings

NAME = "consumer timeout"
MANAGEMENT_PORT = 15672
#: What RabbitMQ does unless told otherwise.
DEFAULT_S = 1800
_TIMEOUT_S = 3.0
_REMEDY = (
    "Set consumer_timeout in rabbitmq.conf as compose/rabbitmq.conf does: a task longer than it "
    "loses its consumer for a moment. Work is not lost: leases decide, not messages."
)


def consumer_timeout(settings: Settings) -> Check:
    """Ask the management API about our queues; AMQP itself does not tell."""
    if not settings.broker_url.get_secret_value():
        return ok(NAME, "none: in memory")
    timeouts_s = _timeouts_s(settings)
    if not timeouts_s:
        return note(NAME, f"the server's own; {DEFAULT_S} s unless configured", _REMEDY)
    shortest_s = min(timeouts_s)
    detail = f"{shortest_s:.0f} s on our queues"
    return ok(NAME, detail) if shortest_s > DEFAULT_S else note(NAME, detail, _REMEDY)


def _timeouts_s(settings: Settings) -> list[float]:
    found = [_of_queue(queue) for queue in _queues(settings)]
    return [timeout_ms / 1000 for timeout_ms in found if timeout_ms is not None]


def _of_queue(queue: dict[str, Any]) -> float | None:
    policy = queue.get("effective_policy_definition") or {}
    arguments = queue.get("arguments") or {}
    return policy.get("consumer-timeout") or arguments.get("x-consumer-timeout")


def _queues(settings: Settings) -> list[dict[str, Any]]:
    """List our queues by the management API; empty where it is not installed or not reachable."""
    address = urlsplit(settings.broker_url.get_secret_value())
    vhost = address.path.removeprefix("/") or "%2F"
    try:
        answer = httpx.get(
            f"http://{address.hostname}:{MANAGEMENT_PORT}/api/queues/{vhost}",
            auth=(unquote(address.username or "guest"), unquote(address.password or "guest")),
            timeout=_TIMEOUT_S,
            trust_env=False,
        )
        queues = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return []
    return [queue for queue in queues if queue["name"].startswith(settings.broker_prefix)]
