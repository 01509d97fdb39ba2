"""Broadcasts while they are made into segments: their plan, how far they are, what is told."""

from pipeline.services.live.making import Made, begin, note, say_thinned, standing
from pipeline.services.live.watching import shown

__all__ = ["Made", "begin", "note", "say_thinned", "shown", "standing"]
