"""What ffmpeg, librtmp and GStreamer really send: a short clip each, as it came over a socket."""

from pathlib import Path

import pytest

from ingest.rtmp.protocol.events import (
    ConnectRequested,
    Event,
    MediaReceived,
    PublishRequested,
    Unpublished,
)
from ingest.rtmp.protocol.server import ServerSide
from pipeline.core.flv import tags as flv
from pipeline.core.flv.kinds import MediaKind

CAPTURES = Path(__file__).parent / "captures"
PEERS = ("ffmpeg", "librtmp", "gstreamer")


def replayed(data: bytes, *cuts: int) -> list[Event]:
    side = ServerSide(applications={"live"})
    events: list[Event] = []
    for begin, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        found = side.receive_data(data[begin:end])
        while found:
            events += found
            if isinstance(found[-1], PublishRequested):
                side.accept_publish()
            found = side.receive_data(b"")
    return events


def capture(peer: str) -> bytes:
    return (CAPTURES / f"{peer}.rtmp").read_bytes()


def source() -> list[flv.Tag]:
    return flv.TagReader().receive_data((CAPTURES / "source.flv").read_bytes())


def media(events: list[Event], kind: MediaKind) -> list[tuple[int, bytes]]:
    return [
        (event.timestamp_ms, event.payload)
        for event in events
        if isinstance(event, MediaReceived) and event.kind is kind
    ]


@pytest.mark.parametrize("peer", PEERS)
def test_a_publisher_is_understood_from_hello_to_end(peer: str) -> None:
    events = replayed(capture(peer))

    assert isinstance(events[0], ConnectRequested)
    assert events[0].app == "live"
    assert events[1] == PublishRequested("some-key", "live")
    assert events[-1] == Unpublished()
    assert all(isinstance(event, MediaReceived) for event in events[2:-1])


@pytest.mark.parametrize("kind", [MediaKind.AUDIO, MediaKind.VIDEO])
@pytest.mark.parametrize("peer", ["ffmpeg", "librtmp"])
def test_media_is_what_the_publisher_read_from_its_file(peer: str, kind: MediaKind) -> None:
    expected = [(tag.timestamp_ms, tag.payload) for tag in source() if tag.kind is kind]

    found = media(replayed(capture(peer)), kind)

    assert found == expected
    assert len(found) >= 10


@pytest.mark.parametrize("peer", PEERS)
def test_metadata_is_told_without_its_wrapping(peer: str) -> None:
    told = [flv.metadata(payload) for _, payload in media(replayed(capture(peer)), MediaKind.DATA)]

    assert told[0]["width"] == 64
    assert told[0]["height"] == 48


@pytest.mark.parametrize("peer", PEERS)
def test_a_cut_in_two_gives_the_same(peer: str) -> None:
    data = capture(peer)
    whole = replayed(data)

    # Every one within commands; a few in the handshake's blocks and in media.
    cuts = [*range(0, 3073, 512), *range(3073, 4200), *range(4200, len(data), 23)]
    assert [cut for cut in cuts if replayed(data, cut) != whole] == []


@pytest.mark.parametrize("peer", PEERS)
def test_byte_by_byte_gives_the_same(peer: str) -> None:
    data = capture(peer)

    assert replayed(data, *range(1, len(data))) == replayed(data)
