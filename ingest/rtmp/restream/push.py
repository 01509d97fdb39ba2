"""Pushing one stream on to one target: tried again and again while the stream is live."""

import asyncio
import ssl
import time

import structlog

from ingest.rtmp.restream.line import Line
from ingest.rtmp.restream.road import connected
from ingest.rtmp.restream.source import Source
from pipeline.core.egress import Rules
from pipeline.core.errors import ReelmillError
from pipeline.core.restream import STEADY_S, destination, pause_s
from pipeline.core.restream_errors import KeyLost, TargetRefused
from pipeline.database.restream import TargetReport
from pipeline.services.restream import Wanted
from schemas.restream import TargetState

log = structlog.get_logger(__name__)


class Push:
    """Run as a task; ``report`` tells at any time how it goes."""

    def __init__(self, wanted: Wanted, source: Source, rules: Rules, trust: ssl.SSLContext) -> None:
        self.wanted = wanted
        self._source = source
        self._rules = rules
        self._trust = trust
        self._state = TargetState.CONNECTING
        self._error: str | None = None
        self._line: Line | None = None
        self._live_at_s = 0.0

    @property
    def is_live(self) -> bool:
        """Whether the target takes what is pushed."""
        return self._state is TargetState.LIVE

    def rest(self) -> TargetReport:
        """Tell how it went: there is nothing to push any more."""
        self._state, self._error = TargetState.IDLE, None
        return self.report()

    def report(self) -> TargetReport:
        """Tell how it goes."""
        return TargetReport(
            target_id=self.wanted.id,
            version=self.wanted.version,
            state=self._state,
            error=self._error,
            sent_bytes=0 if self._line is None else self._line.n_sent_bytes,
            n_dropped=0 if self._line is None else self._line.n_dropped,
        )

    async def run(self) -> None:
        """Push until the stream ends, or for ever until cancelled."""
        n_failed = 0
        while True:
            try:
                await self._attempt()
            except ReelmillError as error:
                if self._was_steady():
                    n_failed = 0
                n_failed += 1
                self._failed(error, n_failed)
                await asyncio.sleep(pause_s(n_failed))
            else:
                return

    async def _attempt(self) -> None:
        self._state, self._live_at_s = TargetState.CONNECTING, 0.0
        if self.wanted.key is None:
            raise KeyLost("the target's key was locked away with another secret")
        # Judged anew each time: the operator's rules and the name's addresses may change.
        to = destination(self.wanted.url, self._rules)
        ends = await connected(to, self._rules, self._trust)
        self._line = Line(ends, to, self.wanted.key)
        await self._line.push(self._source, self._on_live)

    def _on_live(self) -> None:
        self._state, self._error, self._live_at_s = TargetState.LIVE, None, time.monotonic()
        log.info("restream.live", target_id=self.wanted.id, stream_id=self.wanted.stream_id)

    def _was_steady(self) -> bool:
        return self._live_at_s > 0 and time.monotonic() - self._live_at_s > STEADY_S

    def _failed(self, error: ReelmillError, n_failed: int) -> None:
        is_refusal = isinstance(error, TargetRefused)
        self._state = TargetState.REFUSED if is_refusal else TargetState.RETRYING
        self._error = error.instance_code
        log.warning(
            "restream.failed",
            target_id=self.wanted.id,
            stream_id=self.wanted.stream_id,
            code=error.instance_code,
            detail=error.detail,
            n_failed=n_failed,
        )
