"""A client and a server of ours, joined without a socket."""

from dataclasses import dataclass, field

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Event, PlayRequested, PublishRequested
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv.limits import Limits


@dataclass
class Pair:
    """Both ends, and what each was told."""

    client: ClientSide
    server: ServerSide
    at_client: list[Event] = field(default_factory=list)
    at_server: list[Event] = field(default_factory=list)

    def talk(self, step: int = 0) -> None:
        """Carry bytes to and fro until nobody has any; requests are granted."""
        while True:
            up, down = self.client.data_to_send(), self.server.data_to_send()
            if not up and not down:
                return
            for part in _parts(up, step):
                self._serve(part)
            for part in _parts(down, step):
                self.at_client += self.client.receive_data(part)

    def _serve(self, data: bytes) -> None:
        events = self.server.receive_data(data)
        while events:
            self.at_server += events
            if isinstance(events[-1], PublishRequested):
                self.server.accept_publish()
            if isinstance(events[-1], PlayRequested):
                self.server.accept_play()
            events = self.server.receive_data(b"")


def pair(*, is_publishing: bool = True, limits: Limits | None = None, app: str = "live") -> Pair:
    """Join a client that has said nothing yet with a server for ``live``."""
    client = ClientSide(
        app=app,
        tc_url="rtmp://127.0.0.1/live",
        stream_name="some-key",
        is_publishing=is_publishing,
    )
    return Pair(client, ServerSide(applications={"live"}, limits=limits))


def _parts(data: bytes, step: int) -> list[bytes]:
    step = step or len(data) or 1
    return [data[at : at + step] for at in range(0, len(data), step)]
