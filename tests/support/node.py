"""Programs and pages from npm: the upload clients and the upload server that others use.

They are development packages of ``package.json``, installed by ``tests.support.install``;
``make run`` leaves them out.
"""

import json
import shutil
import subprocess
from pathlib import Path

from tests.support.product import ROOT
from tests.support.server import PLAIN_ENV

SCRIPTS = ROOT / "tests" / "node"
_MODULES = ROOT / "node_modules"


def program(name: str = "node") -> str:
    """Find Node, or npm. Raises FileNotFoundError."""
    found = shutil.which(name) or shutil.which(name, path=PLAIN_ENV["PATH"])
    if not found:
        raise FileNotFoundError(name)
    return found


def package(name: str) -> Path:
    """Find an installed development package. Raises FileNotFoundError."""
    folder = _MODULES / name
    if not (folder / "package.json").is_file():
        raise FileNotFoundError(f"{name} of package-lock.json")
    return folder


def packages() -> list[Path]:
    """Find every one, at the version of the lock. Raises FileNotFoundError."""
    program()
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    folders = [package(name) for name in wanted]
    for name, folder in zip(wanted, folders, strict=True):
        is_version = json.loads((folder / "package.json").read_text())["version"]
        if is_version != lock[f"node_modules/{name}"]["version"]:
            raise FileNotFoundError(f"{name} as in package-lock.json")
    return folders


def install() -> None:
    """Install what the lock names, as an application's author would; no script of theirs runs.

    Raises:
        subprocess.CalledProcessError: npm could not; its output is in the error.
    """
    argv = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True)
