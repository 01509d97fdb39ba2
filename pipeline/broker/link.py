"""One connection with one confirming channel, driven by whoever asks.

pika's blocking channel waits a round trip for each confirm and has no deadline. This runs
pika's loop only while a question is open: many messages can be under way at once, and a
broker that stopped answering is given up in time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pika
import pika.exceptions
from pika.adapters.select_connection import IOLoop

#: A queue name and a message body.
Letter = tuple[str, bytes]

#: For one answer; connecting has its own limits in the parameters, which are shorter.
_ANSWER_S = 6.0
_CLOSE_S = 1.0


class SilentBrokerError(TimeoutError):
    """The broker is connected and silent."""


class Link:
    """Not thread-safe. Any error ends it: close it and open another.

    Raises what :data:`pipeline.broker.connecting.GONE` lists.
    """

    _channel: Any

    def __init__(self, parameters: pika.connection.Parameters) -> None:
        self._loop = IOLoop()
        self._is_settled = False
        self._answer: Any = None
        self._error: BaseException | None = None
        self._last_tag = 0
        self._unconfirmed: dict[int, Letter] = {}
        self._returned: set[int] = set()
        self._refused: list[Letter] = []
        self._connection = _Connection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
            custom_ioloop=self._loop,
        )
        try:
            self._wait(_ANSWER_S)
        except BaseException:
            self.close()
            raise

    def declare(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Make sure a durable queue exists and count its waiting messages."""
        self._is_settled = False
        self._channel.queue_declare(
            name, durable=True, arguments=dict(arguments), callback=self._settle
        )
        return int(self._wait(_ANSWER_S).method.message_count)

    def ping(self) -> None:
        """Ask something that changes nothing."""
        self._is_settled = False
        self._channel.basic_qos(callback=self._settle)
        self._wait(_ANSWER_S)

    def publish(self, letters: Sequence[Letter]) -> list[Letter]:
        """Publish persistently, in order; returns what was refused once all are answered for."""
        if not letters:
            return []
        self._is_settled = False
        self._refused = []
        self._returned.clear()
        for name, body in letters:
            self._last_tag += 1
            self._unconfirmed[self._last_tag] = (name, body)
            properties = pika.BasicProperties(
                content_type="application/json",
                delivery_mode=pika.DeliveryMode.Persistent.value,
                message_id=str(self._last_tag),
            )
            self._channel.basic_publish("", name, body, properties, mandatory=True)
        self._wait(_ANSWER_S)
        return self._refused

    def close(self) -> None:
        """Close politely, or at once if nobody answers."""
        self._is_settled = self._connection.is_closed
        if self._connection.is_open:
            self._connection.close()
        try:
            self._wait(_CLOSE_S)
        except (pika.exceptions.AMQPError, OSError):
            # Closing ends in `_lost` like every end; only silence leaves it open.
            self._abort()
        self._loop.close()

    def _abort(self) -> None:
        if not self._connection.is_closed:
            self._is_settled = False
            self._connection.abort()
            while not self._is_settled:
                self._loop.start()

    def _wait(self, timeout_s: float) -> Any:
        timer = self._loop.call_later(timeout_s, self._give_up)
        while not self._is_settled:
            self._loop.start()
        self._loop.remove_timeout(timer)
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._answer

    def _settle(self, answer: Any = None) -> None:
        self._answer = answer
        self._is_settled = True
        self._loop.stop()

    def _give_up(self) -> None:
        self._lost(self._connection, SilentBrokerError("no answer"))

    def _lost(self, _source: Any, error: BaseException) -> None:
        self._error = error
        self._settle()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._lost)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._settle)

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        # Comes before the confirm of the same message, which is an ack.
        self._returned.add(int(properties.message_id))

    def _on_confirm(self, frame: Any) -> None:
        is_nack = isinstance(frame.method, pika.spec.Basic.Nack)
        for tag in self._answered(frame.method.delivery_tag, is_multiple=frame.method.multiple):
            letter = self._unconfirmed.pop(tag)
            if is_nack or tag in self._returned:
                self._refused.append(letter)
        if not self._unconfirmed:
            self._settle()

    def _answered(self, last_tag: int, *, is_multiple: bool) -> list[int]:
        if not is_multiple:
            return [last_tag]
        return [tag for tag in self._unconfirmed if tag <= last_tag]


class _Connection(pika.SelectConnection):  # type: ignore[misc]  # pika ships no types
    def abort(self) -> None:
        """Cut the line: pika's own close waits for an answer for ever."""
        self._terminate_stream(SilentBrokerError("no answer"))
