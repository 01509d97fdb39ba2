"""What is kept of how broadcasts do: most viewers, and a row a minute. The leader's."""

from collections.abc import Iterator, Mapping

from pipeline.audience.port import Crowd, Viewers
from pipeline.core.minutes import Look, Tally, minute_of
from pipeline.core.stream_facts import door_facts, ladder_facts
from pipeline.database.port import Database
from pipeline.database.stream_stats import MinuteRow, OnAirRow
from schemas.streams import SessionId, StreamId

_BATCH = 500
_TRIM_BATCH = 5000
#: A peak told of a younger broadcast may be of the one before.
_YOUNG_S = 15.0


class MinuteKeeper:
    """Looks at all that is on at each tick; what it could not write waits for the next one.

    A minute is written when it is over or its broadcast is. With the process goes what it has
    seen of the present minute, no more.
    """

    def __init__(self, db: Database, viewers: Viewers) -> None:
        self._db = db
        self._viewers = viewers
        self._tallies: dict[SessionId, Tally] = {}
        #: Whose each broadcast is, of those that were on at the last tick.
        self._streams: dict[SessionId, StreamId] = {}
        self._peaks: dict[SessionId, int] = {}
        self._due: list[MinuteRow] = []

    def tick(self) -> int:
        """Look once; return how many broadcasts are on.

        Raises:
            DatabaseUnavailable: nothing is lost but this look.
        """
        rows = list(self._on_air())
        before, self._streams = self._streams, {row.id: row.stream_id for row in rows}
        ids = sorted({*before.values(), *self._streams.values()})
        crowds = self._viewers.count(ids, takes_peaks=True)
        for row in rows:
            self._look(row, None if crowds is None else crowds[row.stream_id])
        self._end(before, crowds)
        self._write()
        return len(rows)

    def _on_air(self) -> Iterator[OnAirRow]:
        after, n = None, _BATCH
        while n == _BATCH:
            with self._db.read() as tx:
                page = tx.stream_stats.on_air(after, _BATCH)
            yield from (row for _, row in page)
            n = len(page)
            after = (page[-1][0], page[-1][1].id) if page else None

    def _look(self, row: OnAirRow, crowd: Crowd | None) -> None:
        n = None if crowd is None else crowd.n
        peak = n if crowd is None or row.age_s < _YOUNG_S else crowd.peak
        if peak is not None and peak > row.peak_viewers:
            self._peaks[row.id] = max(peak, self._peaks.get(row.id, 0))
        door = None if row.is_away else door_facts(row.facts)
        look = Look(n, peak, door, ladder_facts(row.live_facts))
        self._tally(row.id, minute_of(row.now_s)).looks.append(look)

    def _tally(self, session_id: SessionId, minute_at_s: int) -> Tally:
        tally = self._tallies.get(session_id)
        if tally is None or tally.minute_at_s != minute_at_s:
            before = None if tally is None else tally.dropped_so_far
            self._finish(session_id)
            tally = self._tallies[session_id] = Tally(minute_at_s, before)
        return tally

    def _finish(self, session_id: SessionId) -> None:
        tally = self._tallies.pop(session_id, None)
        if tally is not None and tally.looks:
            self._due.append(MinuteRow(session_id, tally.minute_at_s, tally.minute()))

    def _end(
        self, before: Mapping[SessionId, StreamId], crowds: Mapping[StreamId, Crowd] | None
    ) -> None:
        for session_id in before.keys() - self._streams.keys():
            if crowds is not None:
                peak = crowds[before[session_id]].peak
                self._peaks[session_id] = max(peak, self._peaks.get(session_id, 0))
            self._finish(session_id)

    def _write(self) -> None:
        if not self._due and not self._peaks:
            return
        with self._db.write() as tx:
            tx.stream_stats.raise_peaks(self._peaks)
            tx.stream_stats.add_minutes(self._due)
        self._due, self._peaks = [], {}


def trim(db: Database, *, kept_s: float) -> int:
    """Forget minutes older than that; return how many of a batch there were."""
    with db.write() as tx:
        return tx.stream_stats.trim_minutes(kept_s, _TRIM_BATCH)
