"""The bus over Redis pub/sub.

redis-py's defaults suit requests that must succeed: ten retries, so that a publish blocks
for seconds while Redis is away. Here nothing is retried; a message that fails is forgotten,
and Redis is left alone for a second.
"""

from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock, Thread
from typing import Annotated

import structlog
from pydantic import Field, TypeAdapter, ValidationError
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.exceptions import RedisError
from redis.retry import Retry

from pipeline.core.errors import Unavailable
from pipeline.events.fanout import Fanout
from pipeline.events.port import BusMessage, Subscription
from pipeline.events.pump import Pump

_AWAY = (RedisError, OSError)

#: For one publish or ping; the network is local.
_TIMEOUT_S = 0.5
#: How long the first subscriber waits for Redis before it goes on without.
_SUBSCRIBE_S = 2.0
#: How often the listening thread looks whether it shall stop.
_WAKE_S = 0.25
#: Between two tries to reach Redis.
_REST_S = 1.0

_MESSAGE: TypeAdapter[BusMessage] = TypeAdapter(Annotated[BusMessage, Field(discriminator="type")])

_log = structlog.get_logger(__name__)


class RedisBus:
    """Carries messages between processes, over one channel.

    Two threads at most, each started at first use: one publishes, one listens.
    """

    def __init__(self, url: str, *, channel: str = "reelmill.events") -> None:
        self._channel = channel
        self._publisher = _client(url)
        self._listener = _client(url)
        self._pump = Pump(self._send, rest_s=_REST_S)
        self._fanout = Fanout()
        self._is_away = False
        self._is_listening = Event()
        self._stop = Event()
        self._thread: Thread | None = None
        self._lock = Lock()

    def publish(self, message: BusMessage) -> None:
        """Leave it to the publishing thread."""
        self._pump.put(message)

    def subscribe(self, deliver: Callable[[BusMessage], None]) -> Subscription:
        """Call ``deliver`` for each message from now on.

        Returns when Redis has subscribed us; while it is away, without waiting for long.
        """
        subscription = self._fanout.add(deliver)
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="bus-listener", daemon=True)
                self._thread.start()
        self._is_listening.wait(_SUBSCRIBE_S)
        return subscription

    def check(self) -> None:
        """Raise Unavailable unless Redis answers now."""
        try:
            self._publisher.ping()
        except _AWAY as exc:
            raise Unavailable(f"Redis: {exc}", code="unavailable.bus") from exc

    def close(self) -> None:
        """Stop both threads and close the connections."""
        self._stop.set()
        self._pump.close()
        if self._thread is not None:
            self._thread.join()
        self._publisher.close()
        self._listener.close()

    def _send(self, message: BusMessage) -> bool:
        try:
            self._publisher.publish(self._channel, message.model_dump_json())
        except _AWAY as exc:
            self._note(is_away=True, error=repr(exc))
            return False
        self._note(is_away=False)
        return True

    def _note(self, *, is_away: bool, error: str = "") -> None:
        # Once per outage, not once per message.
        if is_away and not self._is_away:
            _log.warning("bus.away", error=error)
        if self._is_away and not is_away:
            _log.info("bus.back")
        self._is_away = is_away

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with closing(_pubsub(self._listener)) as pubsub:
                    pubsub.subscribe(self._channel)
                    self._receive(pubsub)
            except _AWAY as exc:
                _log.debug("bus.listener_away", error=repr(exc))
                self._is_listening.clear()
                self._stop.wait(_REST_S)

    def _receive(self, pubsub: PubSub) -> None:
        while not self._stop.is_set():
            received = pubsub.get_message(timeout=_WAKE_S)
            if received is None:
                continue
            if received["type"] == "subscribe":
                self._is_listening.set()
            elif received["type"] == "message":
                self._deliver(received["data"])

    def _deliver(self, body: bytes) -> None:
        try:
            message = _MESSAGE.validate_json(body)
        except ValidationError:
            _log.debug("bus.unknown_message", n_bytes=len(body))
            return
        self._fanout.deliver(message)


def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=10,
        client_name="reelmill",
    )


def _pubsub(client: Redis) -> PubSub:
    return client.pubsub()  # type: ignore[no-untyped-call,no-any-return]
