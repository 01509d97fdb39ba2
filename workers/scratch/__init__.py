"""Disk of this box that work may use: reservations, private folders, the cache of sources."""

from workers.scratch.cache import SourceCache
from workers.scratch.folder import ScratchRoot

__all__ = ["ScratchRoot", "SourceCache"]
