"""OBS Studio under a display of its own, streaming to a server from its start to its end."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.server import PLAIN_ENV

_BASIC = """[General]
Name=Test
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSCommon=30
[Output]
Mode=Simple
[SimpleOutput]
VBitrate=800
StreamEncoder=x264
Preset=ultrafast
"""
_GLOBAL = """[General]
FirstRun=true
EnableAutoUpdates=false
[BasicWindow]
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
"""
_SCENE = {
    "name": "Test",
    "current_scene": "Scene",
    "current_program_scene": "Scene",
    "scene_order": [{"name": "Scene"}],
    "sources": [
        {"id": "scene", "name": "Scene", "settings": {"items": []}},
    ],
}


def program() -> str:
    """Find it. Raises FileNotFoundError."""
    found = shutil.which("obs")
    if not found or not shutil.which("Xvfb"):
        raise FileNotFoundError("obs and Xvfb")
    return found


class Obs:
    """Streams as long as the block lasts."""

    def __init__(self, folder: Path, *, server: str, key: str) -> None:
        self._home = folder / "obs"
        self._server, self._key = server, key
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._configure()
        display = f":{free_port() % 1000 + 100}"
        self._start(["Xvfb", display, "-screen", "0", "1280x800x24", "+extension", "GLX"])
        self._start(
            [
                *(program(), "--multi", "--profile", "Test", "--collection", "Test"),
                *("--startstreaming", "--disable-missing-files-check"),
            ],
            DISPLAY=display,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def _start(self, argv: list[str], **more: str) -> None:
        (self._home / "run").mkdir(mode=0o700, exist_ok=True)
        env = {
            **PLAIN_ENV,
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home / "config"),
            "XDG_RUNTIME_DIR": str(self._home / "run"),
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            **more,
        }
        log = (self._home / f"{Path(argv[0]).name}.log").open("wb")
        with log:
            self._running.append(subprocess.Popen(argv, env=env, stdout=log, stderr=log))

    def _configure(self) -> None:
        config = self._home / "config" / "obs-studio"
        profile, scenes = config / "basic/profiles/Test", config / "basic/scenes"
        profile.mkdir(parents=True)
        scenes.mkdir(parents=True)
        (config / "global.ini").write_text(_GLOBAL)
        (profile / "basic.ini").write_text(_BASIC)
        service = {
            "type": "rtmp_custom",
            "settings": {"server": self._server, "key": self._key, "use_auth": False},
        }
        (profile / "service.json").write_text(json.dumps(service))
        (scenes / "Test.json").write_text(json.dumps(_SCENE))
