"""The end that publishes to another server, or plays from it."""

from collections.abc import Callable, Mapping

from ingest.rtmp.protocol import calls, messages, outgoing
from ingest.rtmp.protocol.commands import Command, command
from ingest.rtmp.protocol.events import (
    Accepted,
    Closed,
    Event,
    Phase,
    PongReceived,
    Refused,
    StatusReceived,
)
from ingest.rtmp.protocol.handshake import ClientHandshake
from ingest.rtmp.protocol.intake import Intake
from ingest.rtmp.protocol.messages import ControlType, Message, MessageType
from ingest.rtmp.protocol.wire import Wire
from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.limits import Limits

_COMMANDS = frozenset({MessageType.COMMAND, MessageType.COMMAND_AMF3})
_STARTED = frozenset({"NetStream.Publish.Start", "NetStream.Play.Start"})
_SET_DATA_FRAME = amf0.encode("@setDataFrame")


class ClientSide:
    """One connection to a server, for one stream.

    `data_to_send` has the handshake at once; `Accepted` tells that media may go or will come.
    """

    def __init__(
        self,
        *,
        app: str,
        tc_url: str,
        stream_name: str,
        is_publishing: bool,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._wire = Wire(ClientHandshake(), self._limits)
        # A server we chose sends its media when it likes.
        self._wire.reader.allow(self._limits.message_bytes)
        self._intake = Intake(self._limits)
        self._app, self._tc_url, self._stream_name = app, tc_url, stream_name
        self._is_publishing = is_publishing
        self._stream_id = 0
        self._phase = Phase.HANDSHAKE
        self._commands: Mapping[str, Callable[[Command], list[Event]]] = {
            "_result": self._result,
            "_error": self._error,
            "onStatus": self._status,
            "close": self._close,
        }

    @property
    def phase(self) -> Phase:
        """Tell what is waited for: ``DECISION`` is the server's own here."""
        return self._phase

    @property
    def unsent_bytes(self) -> int:
        """Tell how much waits for `data_to_send`."""
        return self._wire.unsent_bytes

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Tell what bytes from the server mean."""
        events: list[Event] = []
        if self._phase is Phase.CLOSED:
            return events
        try:
            self._wire.feed(data)
            self._read(events)
        except ProtocolError as error:
            self._phase = Phase.CLOSED
            events.append(Closed(error))
        return events

    def data_to_send(self) -> bytes:
        """Take what is to be written to the server."""
        return self._wire.data_to_send()

    def send_media(self, kind: MediaKind, timestamp_ms: int, payload: bytes) -> None:
        """Publish one message: what an FLV tag of its kind holds."""
        if kind is MediaKind.DATA:
            payload = _SET_DATA_FRAME + payload
        outgoing.send_media(self._wire, self._stream_id, kind, timestamp_ms, payload)

    def send_ping(self, timestamp_ms: int) -> None:
        """Ask whether the server is there: `PongReceived` tells, of those that answer."""
        self._wire.control(messages.user_control(ControlType.PING, timestamp_ms))

    def end(self) -> None:
        """Say that the stream ends; then close."""
        if self._phase in {Phase.PUBLISHING, Phase.PLAYING}:
            calls.end(self._wire, self._stream_id, self._stream_name if self._is_publishing else "")
        self._phase = Phase.CLOSED

    def _read(self, events: list[Event]) -> None:
        if self._phase is Phase.HANDSHAKE and self._wire.is_greeted:
            self._phase = Phase.CONNECT
            calls.connect(self._wire, self._app, self._tc_url, is_publishing=self._is_publishing)
        for message in self._wire.messages():
            self._take(message, events)
            if self._phase is Phase.CLOSED:
                return

    def _take(self, message: Message, events: list[Event]) -> None:
        if message.type in _COMMANDS:
            said = command(message, self._limits)
            if said.name in self._commands:
                events += self._commands[said.name](said)
        elif message.type == MessageType.USER_CONTROL:
            if (at := messages.pong(message)) is not None:
                events.append(PongReceived(at))
        elif not self._is_publishing:
            for received in self._intake.media(message):
                events.append(received)

    def _result(self, said: Command) -> list[Event]:
        if said.transaction == calls.CONNECT and self._phase is Phase.CONNECT:
            self._phase = Phase.IDLE
            calls.create_stream(self._wire, self._stream_name if self._is_publishing else "")
        elif said.transaction == calls.CREATE_STREAM and self._phase is Phase.IDLE:
            self._phase = Phase.DECISION
            self._stream_id = _stream_id(said)
            start = calls.publish if self._is_publishing else calls.play
            start(self._wire, self._stream_id, self._stream_name)
        return []

    def _error(self, said: Command) -> list[Event]:
        """Give up; but not for calls that some servers do not know and nobody needs."""
        if said.transaction not in {calls.CONNECT, calls.CREATE_STREAM}:
            return []
        return self._refused(said)

    def _status(self, said: Command) -> list[Event]:
        level, name, description = calls.status_of(said)
        if level == "error":
            return self._refused(said)
        if name in _STARTED and self._phase is Phase.DECISION:
            self._phase = Phase.PUBLISHING if self._is_publishing else Phase.PLAYING
            return [Accepted()]
        return [StatusReceived(level, name, description)]

    def _refused(self, said: Command) -> list[Event]:
        _, name, description = calls.status_of(said)
        error = ProtocolError(Fault.REFUSED, f"the server says {name or 'no'}")
        self._phase = Phase.CLOSED
        return [Refused(name, description), Closed(error)]

    def _close(self, _said: Command) -> list[Event]:
        self._phase = Phase.CLOSED
        return [Closed()]


def _stream_id(said: Command) -> int:
    found = said.arguments[0] if said.arguments else None
    if not isinstance(found, int | float) or not 0 <= found <= 0xFFFFFFFF:  # noqa: PLR2004
        raise ProtocolError(Fault.COMMAND, "the server makes a stream without a number")
    return int(found)
