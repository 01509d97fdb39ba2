"""Breaks good files byte by byte, always the same way."""

import json
import random
import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from workers.ffmpeg.tools import find


def packets(path: Path, kind: str) -> list[dict[str, Any]]:
    """List a track's packets with their places in the file, in the file's order."""
    _, ffprobe = find(Settings())
    command = [ffprobe, "-v", "error", "-of", "json", "-show_packets", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["packets"]
    return [each for each in found if each["codec_type"] == kind and "pos" in each]


def noise(length: int, seed: int = 1) -> bytes:
    """Make bytes that mean nothing."""
    return random.Random(seed).randbytes(length)


def spoil(
    path: Path, target: Path, chosen: Iterable[dict[str, Any]], *, skip: int = 16, most: int = 200
) -> Path:
    """Write a copy whose chosen packets hold noise behind their first bytes."""
    data = bytearray(path.read_bytes())
    for packet in chosen:
        start, size = int(packet["pos"]), int(packet["size"])
        first = start + min(skip, size // 2)
        length = min(most, start + size - first)
        data[first : first + length] = noise(length, seed=start)
    return written(target, bytes(data))


def cut(path: Path, target: Path, share: float) -> Path:
    """Write the first part of a file."""
    data = path.read_bytes()
    return written(target, data[: round(len(data) * share)])


def written(target: Path, data: bytes) -> Path:
    """Write bytes and name the file."""
    target.write_bytes(data)
    return target


def edit_box(path: Path, target: Path, name: bytes, change: Callable[[bytearray], None]) -> Path:
    """Change the payload of each MP4 box of a name (found by its four letters) in place."""
    data = bytearray(path.read_bytes())
    at = data.find(name)
    while at >= 0:
        (size,) = struct.unpack_from(">I", data, at - 4)
        payload = data[at + 4 : at - 4 + size]
        change(payload)
        data[at + 4 : at - 4 + size] = payload
        at = data.find(name, at - 4 + max(size, 8))
    return written(target, bytes(data))


def box(name: bytes, *content: bytes) -> bytes:
    """Put an MP4 box together."""
    payload = b"".join(content)
    return struct.pack(">I", len(payload) + 8) + name + payload
