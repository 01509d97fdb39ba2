"""The live task: a broadcast's FLV becomes segments of every rung while it comes."""

from workers.steps.live.work import run

__all__ = ["run"]
