"""What a client asks for, in which order: commands in, events and answers out."""

from collections.abc import Callable, Collection, Mapping

from ingest.rtmp.protocol import answers
from ingest.rtmp.protocol.commands import Command
from ingest.rtmp.protocol.events import (
    ConnectRequested,
    Event,
    Phase,
    PlayRequested,
    PlayStopped,
    PublishRequested,
    Unpublished,
)
from ingest.rtmp.protocol.wire import Wire
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits


class Session:
    """Where a client's connection stands."""

    def __init__(self, wire: Wire, applications: Collection[str] | None, limits: Limits) -> None:
        self._wire = wire
        self._applications = applications
        self._limits = limits
        self._app = ""
        self._wanted = Phase.IDLE
        self._n_streams = 0
        self.phase = Phase.HANDSHAKE
        self.is_connected = False
        #: The message stream that is published or played.
        self.stream_id = 0
        self._commands: Mapping[str, Callable[[Command], list[Event]]] = {
            "connect": self._connect,
            "createStream": self._create_stream,
            "releaseStream": self._acknowledged,
            "FCPublish": self._fc_publish,
            "getStreamLength": self._stream_length,
            "publish": self._publish,
            "play": self._play,
            "FCUnpublish": self._end,
            "deleteStream": self._end,
            "closeStream": self._end,
        }

    def handle(self, asked: Command) -> list[Event]:
        """Do what a command asks; those we do not know are passed over.

        Raises:
            ProtocolError: it is out of turn, over a limit, or for an application we lack.
        """
        known = self._commands.get(asked.name)
        return known(asked) if known else []

    def decide(self, wanted: Phase) -> None:
        """Grant what was asked for."""
        if self.phase is not Phase.DECISION or self._wanted is not wanted:
            raise RuntimeError(f"nobody waits for {wanted}")
        self.phase = wanted

    def _connect(self, asked: Command) -> list[Event]:
        if self.is_connected:
            raise ProtocolError(Fault.COMMAND, "it connects twice")
        app = answers.text_of(asked, "app").partition("?")[0].strip("/")
        if self._applications is not None and app not in self._applications:
            answers.connect_refused(self._wire, asked)
            raise ProtocolError(Fault.APPLICATION, "there is no such application")
        self._app, self.is_connected, self.phase = app, True, Phase.IDLE
        answers.connected(self._wire, asked)
        return [
            ConnectRequested(
                app=app,
                tc_url=answers.text_of(asked, "tcUrl"),
                flash_ver=answers.text_of(asked, "flashVer"),
                fourccs=answers.fourccs_of(asked),
            )
        ]

    def _create_stream(self, asked: Command) -> list[Event]:
        self._n_streams += 1
        if self._n_streams > self._limits.message_streams:
            raise ProtocolError(Fault.COMMAND, "it makes too many streams")
        answers.result(self._wire, asked, self._n_streams)
        return []

    def _acknowledged(self, asked: Command) -> list[Event]:
        if asked.transaction:
            answers.result(self._wire, asked, None)
        return []

    def _fc_publish(self, asked: Command) -> list[Event]:
        answers.fc_published(self._wire, asked)
        return self._acknowledged(asked)

    def _stream_length(self, asked: Command) -> list[Event]:
        answers.result(self._wire, asked, 0)
        return []

    def _publish(self, asked: Command) -> list[Event]:
        return [PublishRequested(self._asked(asked, Phase.PUBLISHING), self._app)]

    def _play(self, asked: Command) -> list[Event]:
        return [PlayRequested(self._asked(asked, Phase.PLAYING), self._app)]

    def _asked(self, asked: Command, wanted: Phase) -> str:
        """Note a request that we must decide about."""
        if self.phase is not Phase.IDLE or not asked.text(0):
            raise ProtocolError(Fault.COMMAND, "it asks for a stream out of turn, or for none")
        self.stream_id, self._wanted, self.phase = asked.stream_id, wanted, Phase.DECISION
        return asked.text(0)

    def _end(self, _asked: Command) -> list[Event]:
        """End what is on; encoders say so up to three times."""
        ended, self.phase = self.phase, Phase.IDLE if self.is_connected else self.phase
        if ended is Phase.PUBLISHING:
            answers.unpublished(self._wire, self.stream_id)
            self._wire.reader.allow(self._limits.early_message_bytes)
            return [Unpublished()]
        return [PlayStopped()] if ended is Phase.PLAYING else []
