"""The consuming side of RabbitMQ: one connection per queue of a listener."""

from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

import pika
import structlog
from dramatiq.errors import BrokerConnectionError
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from pipeline.broker.connecting import GONE, parameters
from pipeline.broker.listening import RingConsumer, RingMessage

#: The broker gives a frozen listener's messages to others after two of these.
_HEARTBEAT_S = 20

_log = structlog.get_logger(__name__)


class AmqpConsumer(RingConsumer):
    """One consumer; it lives as long as its connection, then dramatiq asks for a new one."""

    _connection: BlockingConnection
    _channel: BlockingChannel
    _consumer_tag: str

    def open(self, url: str, arguments: Mapping[str, str]) -> None:
        """Connect and consume. Raises dramatiq's BrokerConnectionError."""
        self._inbox: deque[tuple[int, bytes]] = deque()
        self._is_cancelled = False
        link = parameters(url, purpose=f"listener {self.queue}", heartbeat_s=_HEARTBEAT_S)
        try:
            self._connection = pika.BlockingConnection(link)
            self._channel = self._connection.channel()
            self._channel.queue_declare(self.name, durable=True, arguments=dict(arguments))
            self._channel.basic_qos(prefetch_count=self.slots.n_slots)
            self._channel.add_on_cancel_callback(self._on_cancelled)
            self.resume()
        except GONE as exc:
            self.close()
            raise _lost(exc) from exc

    def __next__(self) -> RingMessage | None:
        try:
            return super().__next__()
        except GONE as exc:
            self.is_closed = True
            raise _lost(exc) from exc

    def receive(self, timeout_s: float) -> tuple[int, bytes] | None:
        """Wait for a delivery."""
        if not self._inbox:
            self._connection.process_data_events(timeout_s)
        if self._is_cancelled:
            # Somebody deleted the queue: a new consumer declares it again.
            raise ConnectionResetError(f"the broker ended the consumer of {self.name}")
        return self._inbox.popleft() if self._inbox else None

    def settle(self, tag: int) -> None:
        """Let the connection's own thread acknowledge."""
        try:
            self._connection.add_callback_threadsafe(partial(self._ack, tag))
        except GONE as exc:
            _log.debug("doorbell.ack_lost", queue=self.queue, error=repr(exc))

    def rest(self, delivery: tuple[int, bytes]) -> None:
        """Cancel before returning, or the broker would send the same messages again."""
        self._channel.basic_cancel(self._consumer_tag)
        for tag, _ in (delivery, *self._inbox):
            self._channel.basic_nack(tag, requeue=True)
        self._inbox.clear()

    def resume(self) -> None:
        """Consume again."""
        self._consumer_tag = self._channel.basic_consume(self.name, self._on_message)

    def keep_alive(self) -> None:
        """Answer heartbeats and send what waits to be acknowledged."""
        self._connection.process_data_events(0)

    def close(self) -> None:
        """Close the connection; what was not acknowledged goes back to the queue."""
        self.is_closed = True
        connection = getattr(self, "_connection", None)
        if connection is None or not connection.is_open:
            return
        try:
            # Acknowledgements handed over by the slots go first.
            connection.process_data_events(0)
            connection.close()
        except GONE as exc:
            _log.debug("doorbell.close_failed", queue=self.queue, error=repr(exc))

    def _ack(self, tag: int) -> None:
        if self._channel.is_open:
            self._channel.basic_ack(tag)

    def _on_message(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self._inbox.append((method.delivery_tag, body))

    def _on_cancelled(self, _method: Any) -> None:
        self._is_cancelled = True


def _lost(exc: BaseException) -> BrokerConnectionError:
    return BrokerConnectionError(repr(exc))  # type: ignore[no-untyped-call]
