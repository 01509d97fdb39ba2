"""Programs that people publish with, at the real door: all they send is kept, and decodes."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.core.flv.kinds import MediaKind
from pipeline.services import sessions
from schemas.streams import SessionState
from tests.support.broadcasting import channel
from tests.support.live_house import FFMPEG, LiveHouse, live_house, tags_of
from tests.support.obs import Obs
from tests.support.server import PLAIN_ENV
from tests.support.waiting import wait_until

FPS, SECONDS = 25, 2


def gstreamer(sink: str, *, with_sound: bool = True) -> list[str]:
    """Write a pipeline of pictures and sound to a sink of RTMP."""
    caps = f"video/x-raw,width=320,height=180,framerate={FPS}/1"
    pictures = ["videotestsrc", f"num-buffers={FPS * SECONDS}", "!", caps, "!"]
    encoder = ["x264enc", "speed-preset=ultrafast", "tune=zerolatency", f"key-int-max={FPS}", "!"]
    muxer = ["h264parse", "!", "flvmux", "streamable=true", "name=mux", "!"]
    sound = [
        *("audiotestsrc", f"num-buffers={44100 * SECONDS // 1024}", "samplesperbuffer=1024", "!"),
        *("audio/x-raw,rate=44100,channels=2", "!", "avenc_aac", "!", "aacparse", "!", "mux."),
    ]
    end = sound if with_sound else []
    return ["gst-launch-1.0", "-q", "-e", *pictures, *encoder, *muxer, *sink.split(), *end]


def ffmpeg(*more: str) -> list[str]:
    pictures = f"testsrc2=size=320x180:rate={FPS}:duration={SECONDS}"
    sound = f"sine=duration={SECONDS}"
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", str(FPS), "-c:a", "aac"]
    inputs = ["-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", sound]
    return [FFMPEG, "-v", "error", *inputs, *codecs, *more, "-f", "flv", "URL"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gstreamer") / "registry"


@pytest.mark.parametrize(
    ("command", "has_sound"),
    [
        pytest.param(ffmpeg(), True, id="ffmpeg"),
        pytest.param(ffmpeg("-an"), False, id="ffmpeg, pictures alone"),
        pytest.param(gstreamer("rtmp2sink location=URL"), True, id="GStreamer"),
        pytest.param(
            gstreamer("rtmp2sink location=URL", with_sound=False), False, id="GStreamer, pictures"
        ),
        # The element around librtmp, as rtmpdump's tools and many old encoders have it.
        pytest.param(gstreamer("rtmpsink location=URL"), True, id="librtmp"),
    ],
)
def test_what_a_program_publishes_is_kept_whole(
    tmp_path: Path, registry: Path, command: Sequence[str], *, has_sound: bool
) -> None:
    with live_house(tmp_path / "data") as house:
        stream = channel(house.pipeline.database, grace_s=1)
        url = house.rtmp(stream.secret)
        # The registry of plugins, made once.
        env = {**PLAIN_ENV, "GST_REGISTRY": str(registry)}
        done = subprocess.run(
            [part.replace("URL", url) for part in command],
            env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        data = whole(house, stream.id)

    assert n_pictures(data) == FPS * SECONDS
    assert any(tag.kind is MediaKind.AUDIO for tag in tags_of(data)) == has_sound
    assert_decodes(data, tmp_path)


def whole(house: LiveHouse, stream_id: object) -> bytes:
    """Read a broadcast to its end."""
    session = house.newest(stream_id)  # type: ignore[arg-type]
    with house.read(session.id) as answer:
        wait_until(lambda: sessions.sweep_sessions(house.pipeline.database) > 0)
        data: bytes = answer.read()
    assert house.newest(stream_id).state is SessionState.CLOSED  # type: ignore[arg-type]
    return data


def n_pictures(data: bytes) -> int:
    return sum(tag.kind is MediaKind.VIDEO and tag.payload[1] == 1 for tag in tags_of(data))


def assert_decodes(data: bytes, folder: Path) -> None:
    path = folder / "came.flv"
    path.write_bytes(data)
    decoding = [FFMPEG, "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"]
    assert subprocess.run(decoding, capture_output=True, check=True).stderr == b""


@pytest.mark.soak
def test_obs_streams(tmp_path: Path) -> None:
    with live_house(tmp_path / "data") as house:
        stream = channel(house.pipeline.database, grace_s=1)
        at = f"rtmp://127.0.0.1:{house.door.port}/live"
        with Obs(tmp_path, server=at, key=stream.secret):
            wait_until(lambda: house.running(stream.id) is not None, timeout_s=60)
            session = house.newest(stream.id)
            wait_until(lambda: clock_ms(house, stream.id) > 10_000, timeout_s=60)
        wait_until(lambda: house.newest(stream.id).state is not SessionState.OPEN, timeout_s=30)
        data = whole(house, stream.id)

    assert session.epoch == 1
    assert n_pictures(data) > 200
    assert any(tag.kind is MediaKind.AUDIO for tag in tags_of(data))
    assert_decodes(data, tmp_path)


def clock_ms(house: LiveHouse, stream_id: object) -> int:
    return int(house.newest(stream_id).facts.get("clock_ms", 0))  # type: ignore[arg-type]
