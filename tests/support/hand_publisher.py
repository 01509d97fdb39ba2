"""A publisher whose every byte a test decides about, over our protocol's other role."""

import socket
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Accepted, Closed, Event, Phase, Refused, StatusReceived
from pipeline.core.flv.tags import Tag

_PATIENCE_S = 20.0


class HandPublisher:
    """Connects and asks; ``refusal`` tells what it was answered."""

    def __init__(
        self,
        port: int,
        key: str,
        *,
        app: str = "live",
        trust: ssl.SSLContext | None = None,
        is_publishing: bool = True,
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        if trust is not None:
            self._socket = trust.wrap_socket(self._socket, server_hostname="localhost")
        self._client = ClientSide(
            app=app, tc_url=f"rtmp://127.0.0.1/{app}", stream_name=key, is_publishing=is_publishing
        )
        self.events: list[Event] = []
        self._flush()
        while not any(isinstance(event, Accepted | Closed) for event in self.events):
            if not self._hear():
                break

    @property
    def refusal(self) -> Refused | None:
        return next((event for event in self.events if isinstance(event, Refused)), None)

    @property
    def is_publishing(self) -> bool:
        return self._client.phase is Phase.PUBLISHING

    def send(self, tags: Iterable[Tag]) -> None:
        """Send media."""
        for tag in tags:
            self._client.send_media(tag.kind, tag.timestamp_ms, tag.payload)
        self._flush()

    def wait_for_end(self) -> list[StatusReceived | Refused]:
        """Read until the door is through with us; tell what it said."""
        while self._hear():
            pass
        return [one for one in self.events if isinstance(one, StatusReceived | Refused)]

    def _hear(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.events += self._client.receive_data(data)
        self._flush()
        return bool(data)

    def _flush(self) -> None:
        data = self._client.data_to_send()
        if data:
            self._socket.sendall(data)

    def unpublish(self) -> None:
        """End as encoders do."""
        self._client.end()
        self._flush()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self.close()
