"""A file system so small that a test can fill it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a file system of that size in memory; skips the test where we may not."""
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(argv, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root's rights")
    try:
        yield folder
    finally:
        # Lazily: a test that failed may still hold files open.
        subprocess.run(["umount", "-l", str(folder)], check=True)
