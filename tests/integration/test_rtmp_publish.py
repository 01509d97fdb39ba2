"""ffmpeg publishes into the protocol over a real socket; what it sent is all there."""

import asyncio
import socket
import subprocess
import time
from pathlib import Path

import pytest

from ingest.rtmp.protocol.client import ClientSide
from ingest.rtmp.protocol.events import ConnectRequested, Phase, PublishRequested, Unpublished
from pipeline.core.flv import tags as flv
from pipeline.settings import Settings
from tests.support.ports import free_port
from tests.support.rtmp_server import RecordingServer
from workers.ffmpeg.tools import find

FFMPEG, FFPROBE = find(Settings(_env_file=None))
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2")
SOUND = ("-f", "lavfi", "-i", "sine=d=2")


async def published(server: RecordingServer, *args: str) -> str:
    port = await server.start()
    to = f"rtmp://127.0.0.1:{port}/live/some-key"
    command = (FFMPEG, "-v", "error", *args, "-f", "flv", to)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    await server.ended.wait()
    await server.stop()
    return said.decode()


def frames(path: Path) -> dict[str, int]:
    asked = "stream=codec_name,nb_read_packets"
    out = subprocess.check_output(
        [FFPROBE, "-v", "error", "-count_packets", "-show_entries", asked, "-of", "csv=p=0", path],
        text=True,
    )
    return {name: int(n) for name, n in (line.split(",") for line in out.split())}


@pytest.mark.parametrize(
    ("encoders", "codecs"),
    [
        (("-c:v", "libx264", "-c:a", "aac"), ("h264", "aac")),
        (
            ("-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "libopus"),
            ("hevc", "opus"),
        ),
        (("-c:v", "libsvtav1", "-preset", "12", "-c:a", "flac"), ("av1", "flac")),
        (("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "ac3"), ("vp9", "ac3")),
    ],
)
def test_what_ffmpeg_publishes_is_all_there(
    tmp_path: Path, encoders: tuple[str, ...], codecs: tuple[str, str]
) -> None:
    server = RecordingServer(tmp_path / "out.flv")
    whole = tmp_path / "whole.flv"
    command = [FFMPEG, "-v", "error", *PICTURES, *SOUND, *encoders, "-f", "flv", str(whole)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    enhanced = ("-rtmp_enhanced_codecs", "hvc1,av01,vp09")
    asyncio.run(published(server, "-i", str(whole), "-c", "copy", *enhanced))

    kinds = [type(event) for event in server.events]
    assert kinds[:2] == [ConnectRequested, PublishRequested]
    assert server.events[0].fourccs == ("hvc1", "av01", "vp09")  # type: ignore[union-attr]
    assert kinds[-1] is Unpublished
    assert frames(server.path) == frames(whole)
    assert set(frames(whole)) == set(codecs)
    assert frames(whole)[codecs[0]] == 50
    decoding = [FFMPEG, "-v", "error", "-xerror", "-i", str(server.path), "-f", "null", "-"]
    assert subprocess.run(decoding, capture_output=True, check=True).stderr == b""


def test_a_refusal_is_told_in_words(tmp_path: Path) -> None:
    server = RecordingServer(tmp_path / "out.flv", refuses="That key is not known.")

    said = asyncio.run(published(server, *PICTURES, "-c:v", "libx264"))

    assert "That key is not known." in said


def test_an_application_that_is_not_there_is_refused(tmp_path: Path) -> None:
    server = RecordingServer(tmp_path / "out.flv", applications={"other"})

    said = asyncio.run(published(server, *PICTURES, "-c:v", "libx264"))

    assert "There is no such application." in said


def client_at(port: int, limit_s: float = 20.0) -> tuple[ClientSide, socket.socket]:
    """Connect as soon as ffmpeg listens, and publish as soon as it agrees."""
    until = time.monotonic() + limit_s
    while True:
        try:
            wire = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
            break
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
    client = ClientSide(
        app="live",
        tc_url=f"rtmp://127.0.0.1:{port}/live",
        stream_name="some-key",
        is_publishing=True,
    )
    while client.phase is not Phase.PUBLISHING:
        wire.sendall(client.data_to_send())
        client.receive_data(wire.recv(65536))
        assert client.phase is not Phase.CLOSED
    return client, wire


def test_another_server_takes_what_our_client_publishes(tmp_path: Path) -> None:
    whole, taken = tmp_path / "whole.flv", tmp_path / "taken.flv"
    making = [FFMPEG, "-v", "error", *PICTURES, *SOUND, "-c:v", "libx264", "-c:a", "aac"]
    subprocess.run([*making, str(whole)], check=True)
    port = free_port()
    listening = [FFMPEG, "-v", "fatal", "-listen", "1", "-i", f"rtmp://127.0.0.1:{port}/live/key"]

    with subprocess.Popen([*listening, "-c", "copy", str(taken)]) as server:
        client, wire = client_at(port)
        with wire:
            for tag in flv.TagReader().receive_data(whole.read_bytes()):
                client.send_media(tag.kind, tag.timestamp_ms, tag.payload)
            client.end()
            wire.sendall(client.data_to_send())
            wire.shutdown(socket.SHUT_WR)
            server.wait(30)

    assert frames(taken) == frames(whole)
