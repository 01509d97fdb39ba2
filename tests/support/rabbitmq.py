"""A private RabbitMQ node, as any user, without the system service.

Debian's wrapper in /usr/sbin switches to the user ``rabbitmq`` and its folders, so the
script behind it is called; every path and port it would share with another node is set.
"""

import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import pika
import pika.exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from tests.support.ports import free_ports
from tests.support.server import PLAIN_ENV, Server, ServerError

_CONF = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
loopback_users.guest = true
log.console = false
log.file.level = warning
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
consumer_timeout = 86400000
"""

_FOLDERS = ("home", "mnesia", "log", "schema", "plugins")


class RabbitMQ(Server):
    """One node; with ``management`` it also serves the HTTP API, and stops 5 s slower."""

    name = "rabbitmq"

    def __init__(self, *, management: bool = False) -> None:
        super().__init__()
        self.port, self.management_port, self._dist, self._epmd_port = free_ports(4)
        self._sbin = scripts()
        self._node = f"reelmill-{secrets.token_hex(4)}@localhost"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._write_files(management=management)

    @property
    def url(self) -> str:
        """Address for clients, virtual host ``/``."""
        return self.vhost_url("/")

    def vhost_url(self, vhost: str) -> str:
        """Address of one virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def argv(self) -> Sequence[str]:
        """Give the command line."""
        return [str(self._sbin / "rabbitmq-server")]

    def env(self) -> Mapping[str, str]:
        """Keep every shared path and port of the machine out of it."""
        folder = self.folder
        return {
            **PLAIN_ENV,
            # Makes the script become the server instead of waiting for it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_MNESIA_DIR": str(folder / "mnesia" / "db"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "mnesia" / "feature_flags"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "schema"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # One scheduler that sleeps when idle: a test node must not eat the cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def is_answering(self) -> bool:
        """Open and close an AMQP connection."""
        parameters = pika.URLParameters(self.url)
        parameters.socket_timeout = parameters.stack_timeout = 5
        try:
            pika.BlockingConnection(parameters).close()
        except (pika.exceptions.AMQPError, AMQPConnectorException, OSError):
            return False
        return True

    def start(self) -> Self:
        """Start the port mapper first, as our own child: Erlang's would stay behind."""
        if self._epmd is None:
            self._epmd = self._start_epmd()
        return super().start()

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl on this node and return what it prints (about a second)."""
        done = subprocess.run(
            [str(self._sbin / "rabbitmqctl"), *arguments],
            env=dict(self.env()),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerError(f"rabbitmqctl {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def close(self) -> None:
        """Stop for good, the port mapper too."""
        super().close()
        if self._epmd is not None:
            self._epmd.send_signal(signal.SIGTERM)
            self._epmd.wait(self.stopped_within_s)

    def _write_files(self, *, management: bool) -> None:
        for name in _FOLDERS:
            (self.folder / name).mkdir()
        cookie = self.folder / "home" / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        conf = _CONF.format(amqp=self.port, management=self.management_port)
        if not management:
            conf = "".join(x for x in conf.splitlines(True) if not x.startswith("management"))
        (self.folder / "rabbitmq.conf").write_text(conf)
        plugins = "[rabbitmq_management]." if management else "[]."
        (self.folder / "enabled_plugins").write_text(plugins)
        (self.folder / "env.conf").touch()

    def _start_epmd(self) -> subprocess.Popen[bytes]:
        epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *epmd],
            env=dict(PLAIN_ENV),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        names = [*epmd[:1], "-port", str(self._epmd_port), "-names"]
        give_up_at = time.monotonic() + self.ready_within_s
        while subprocess.run(names, capture_output=True, check=False).returncode:
            if time.monotonic() > give_up_at:
                process.kill()
                raise ServerError("epmd did not start")
            time.sleep(0.02)
        return process


def scripts() -> Path:
    """Find the folder of RabbitMQ's scripts. Raises FileNotFoundError."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    if not found:
        raise FileNotFoundError("rabbitmq-server")
    return found[-1]
