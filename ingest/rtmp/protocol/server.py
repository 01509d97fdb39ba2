"""The end that is published to and played from."""

from collections.abc import Collection

from ingest.rtmp.protocol import answers, messages, outgoing
from ingest.rtmp.protocol.commands import command
from ingest.rtmp.protocol.events import Closed, Event, Phase, PongReceived
from ingest.rtmp.protocol.handshake import ServerHandshake
from ingest.rtmp.protocol.intake import Intake
from ingest.rtmp.protocol.messages import ControlType, Message, MessageType
from ingest.rtmp.protocol.session import Session
from ingest.rtmp.protocol.wire import Wire
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.limits import Limits

_COMMANDS = frozenset({MessageType.COMMAND, MessageType.COMMAND_AMF3})


class ServerSide:
    """One connection of a client; see the package for how it is driven."""

    def __init__(
        self, *, applications: Collection[str] | None = None, limits: Limits | None = None
    ) -> None:
        """Wait for a handshake; ``applications`` that are taken, None takes any."""
        self._limits = limits or Limits()
        self._wire = Wire(ServerHandshake(), self._limits)
        self._intake = Intake(self._limits)
        self._n_early_bytes = 0
        self._session = Session(self._wire, applications, self._limits)

    @property
    def phase(self) -> Phase:
        """Tell what is waited for."""
        return self._session.phase

    @property
    def unsent_bytes(self) -> int:
        """Tell how much waits for `data_to_send`: of a slow player, much."""
        return self._wire.unsent_bytes

    def receive_data(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Tell what bytes from the peer mean."""
        events: list[Event] = []
        if self._session.phase is Phase.CLOSED:
            return events
        try:
            self._count(len(data))
            self._wire.feed(data)
            self._read(events)
        except ProtocolError as error:
            self._say_why(error)
            events.append(self._closed(error))
        return events

    def data_to_send(self) -> bytes:
        """Take what is to be written to the peer."""
        return self._wire.data_to_send()

    def accept_publish(self) -> None:
        """Let the publisher begin."""
        self._session.decide(Phase.PUBLISHING)
        self._wire.reader.allow(self._limits.message_bytes)
        answers.publish_started(self._wire, self._session.stream_id)

    def accept_play(self) -> None:
        """Let the player begin: `send_media` follows, sequence headers first."""
        self._session.decide(Phase.PLAYING)
        answers.play_started(self._wire, self._session.stream_id)

    def refuse(self, name: str, description: str) -> None:
        """Say no, at any time, by a status as ``NetStream.Publish.BadName``; then close."""
        answers.refused(self._wire, self._session.stream_id, name, description)
        self._session.phase = Phase.CLOSED

    def send_media(self, kind: MediaKind, timestamp_ms: int, payload: bytes) -> None:
        """Send to a player."""
        outgoing.send_media(self._wire, self._session.stream_id, kind, timestamp_ms, payload)

    def end_play(self) -> None:
        """Tell a player that there is nothing more."""
        answers.play_ended(self._wire, self._session.stream_id)
        self._session.phase = Phase.IDLE

    def send_ping(self, timestamp_ms: int) -> None:
        """Ask whether the peer is there: `PongReceived` tells."""
        self._wire.control(messages.user_control(ControlType.PING, timestamp_ms))

    def _count(self, n_bytes: int) -> None:
        if self._session.phase in {Phase.PUBLISHING, Phase.PLAYING}:
            self._n_early_bytes = 0
            return
        self._n_early_bytes += n_bytes
        if self._n_early_bytes > self._limits.early_bytes:
            raise ProtocolError(Fault.EARLY, "it sends much and asks for nothing")

    def _read(self, events: list[Event]) -> None:
        if self._session.phase is Phase.HANDSHAKE and self._wire.is_greeted:
            self._session.phase = Phase.CONNECT
        if self._session.phase is Phase.DECISION:
            if self._wire.reader.waiting_bytes > self._limits.waiting_bytes:
                raise ProtocolError(Fault.MEMORY, "it sends on without an answer")
            return
        for message in self._wire.messages():
            self._take(message, events)
            if self._session.phase in {Phase.DECISION, Phase.CLOSED}:
                return

    def _take(self, message: Message, events: list[Event]) -> None:
        if message.type in _COMMANDS:
            events += self._session.handle(command(message, self._limits))
        elif message.type == MessageType.USER_CONTROL:
            if (at := messages.pong(message)) is not None:
                events.append(PongReceived(at))
        elif self._session.phase is Phase.PUBLISHING:
            for received in self._intake.media(message):
                events.append(received)

    def _say_why(self, error: ProtocolError) -> None:
        if self._session.is_connected:
            name = answers.UNTAKEN if error.fault is Fault.MEDIA else answers.FAILED
            answers.refused(self._wire, self._session.stream_id, name, error.detail)

    def _closed(self, error: ProtocolError) -> Closed:
        self._session.phase = Phase.CLOSED
        return Closed(error)
