"""From the picture to the eye by HTTP-FLV: a clock in the picture, read from decoded frames."""

import subprocess
import time
from collections.abc import Iterator
from statistics import median

from tests.bench.figures import Figure, at_most, percentile, reported
from tests.bench.ground import Ground
from tests.bench.live import clock, node_media
from tests.bench.live.media import FFMPEG
from tests.bench.live.own_door import OwnDoor

SECONDS, BAR_S = 15, 1.0
#: Until the publisher is there and the viewer has played what was kept for it.
_BEGIN_S, _SETTLE_S = 4.0, 3.0


def measure(ground: Ground) -> Iterator[Figure]:
    """Watch our door and node-media-server, one after the other."""
    node_media.install()
    folder, seconds = ground.new_folder("flv"), max(4, ground.scaled(SECONDS))
    with OwnDoor(folder / "ours", 1) as door:
        ours = _delays_s(door.publish_urls[0], door.watch_urls[0], seconds)
    with node_media.NodeMedia(folder / "nms") as server:
        rtmp = f"rtmp://127.0.0.1:{server.port}/live/clock"
        flv = f"http://127.0.0.1:{server.http_port}/live/clock.flv"
        theirs = _delays_s(rtmp, flv, seconds)
    yield at_most(
        "HTTP-FLV, glass to glass, a viewer without buffer, p95", percentile(ours, 95), "s", BAR_S
    )
    yield reported("HTTP-FLV, glass to glass, a viewer without buffer, median", median(ours), "s")
    yield reported("HTTP-FLV of node-media-server, median", median(theirs), "s")


def _delays_s(publish_url: str, watch_url: str, seconds: int) -> list[float]:
    with clock.ClockPublisher(publish_url):
        time.sleep(_BEGIN_S)
        argv = [
            *(FFMPEG, "-v", "error", "-fflags", "nobuffer", "-flags", "low_delay"),
            *("-analyzeduration", "500000", "-i", watch_url, "-map", "0:v:0"),
            *("-vf", clock.BARS, "-fps_mode", "passthrough"),
            *("-f", "rawvideo", "-pix_fmt", "gray", "-flush_packets", "1", "pipe:1"),
        ]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as viewer:
            try:
                return list(_seen(viewer, seconds))
            finally:
                viewer.kill()


def _seen(viewer: "subprocess.Popen[bytes]", seconds: int) -> Iterator[float]:
    """Tell how old each picture is when it comes out of the decoder."""
    assert viewer.stdout is not None
    from_s = time.monotonic() + _SETTLE_S
    while time.monotonic() < from_s + seconds:
        bars = viewer.stdout.read(clock.BARS_BYTES)
        if len(bars) < clock.BARS_BYTES:
            raise RuntimeError("the viewer ended")
        if time.monotonic() > from_s:
            yield (clock.now_ms() - clock.read(bars)) / 1000
