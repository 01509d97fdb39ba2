"""What publishers with keys send, as bytes; and one that goes on at its pace beside others."""

import socket
import time
from collections.abc import Sequence
from threading import Event, Thread
from typing import Self

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import Phase, PublishRequested
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag

FRAME_S = 0.02
#: A keyframe each so many pictures.
GOP = 50
_AVC_HEADER = bytes.fromhex("1700000000014d400affe1000b674d400aec84f84a4d1000000300ff")


def session_bytes(key: str, tags: Sequence[Tag]) -> bytes:
    """Write all that a publisher sends from its first byte to its last."""
    client = ClientSide(
        app="live", tc_url="rtmp://127.0.0.1/live", stream_name=key, is_publishing=True
    )
    server, said = ServerSide(applications={"live"}), bytearray()
    while client.phase is not Phase.PUBLISHING:
        said += (up := client.data_to_send())
        events = server.receive_data(up)
        if any(isinstance(event, PublishRequested) for event in events):
            server.accept_publish()
        client.receive_data(server.data_to_send())
    for tag in tags:
        client.send_media(tag.kind, tag.timestamp_ms, tag.payload)
    client.end()
    return bytes(said + client.data_to_send())


def picture(n: int) -> bytes:
    """Make a picture that tells its number."""
    head = b"\x17\x01\0\0\0" if n % GOP == 0 else b"\x27\x01\0\0\0"
    return head + n.to_bytes(8, "big") + bytes(2000)


def number(payload: bytes) -> int:
    """Read the number of a picture."""
    return int.from_bytes(payload[5:13], "big")


class SteadyPublisher(Thread):
    """Sends a numbered picture each ``FRAME_S`` from entry to exit."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(name="steady")
        self._port, self._key = port, key
        self._is_over = Event()
        self._is_on = Event()
        self.n_sent = 0

    def __enter__(self) -> Self:
        self.start()
        assert self._is_on.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def run(self) -> None:
        client = ClientSide(
            app="live", tc_url="rtmp://127.0.0.1/live", stream_name=self._key, is_publishing=True
        )
        with socket.create_connection(("127.0.0.1", self._port), timeout=20) as wire:
            while client.phase is not Phase.PUBLISHING:
                wire.sendall(client.data_to_send())
                client.receive_data(wire.recv(65_536))
            client.send_media(MediaKind.VIDEO, 0, _AVC_HEADER)
            begun_s = time.monotonic()
            while not self._is_over.is_set():
                client.send_media(MediaKind.VIDEO, self.n_sent * 20, picture(self.n_sent))
                wire.sendall(client.data_to_send())
                self.n_sent += 1
                self._is_on.set()
                self._is_over.wait(max(0.0, begun_s + self.n_sent * FRAME_S - time.monotonic()))
            client.end()
            wire.sendall(client.data_to_send())
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65_536):
                pass
