"""Where a source comes in: storage, and what is kept of a fetch under way."""

from threading import Event

from pipeline.bootstrap import Pipeline
from pipeline.services.claims import Claimed


class IncomingSource:
    """See ``bench.Incoming``."""

    def __init__(self, pipeline: Pipeline, claimed: Claimed, stop: Event) -> None:
        self.storage = pipeline.storage
        self.prefix = claimed.prefix
        self._pipeline = pipeline
        self._claimed = claimed
        self._stop = stop
