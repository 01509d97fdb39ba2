"""Viewers over all processes, in Redis: told of once a second, in one go."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Event, Lock, Thread

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import RedisError
from redis.retry import Retry

from pipeline.audience.port import GONE_AFTER_S, Crowd, ViewerKind
from pipeline.audience.scripts import COUNT, TELL
from pipeline.audience.waiting import Row, Waiting
from schemas.streams import StreamId

log = structlog.get_logger(__name__)

_AWAY = (RedisError, OSError)
_TIMEOUT_S = 0.5
#: How long Redis is left alone after it did not answer.
_REST_S = 1.0
_TELL_EVERY_S = 1.0
#: Viewers of one script call: Redis does nothing else meanwhile.
_BATCH = 1000
_KINDS = tuple(ViewerKind)
_MS = 1000


class RedisViewers:
    """While Redis is away nobody knows how many there are; who goes on watching counts again."""

    def __init__(self, url: str, *, prefix: str = "reelmill.viewers") -> None:
        self._client = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            client_name="reelmill",
        )
        self._tell = self._client.register_script(TELL)
        self._count = self._client.register_script(COUNT)
        self._prefix = prefix
        self._waiting = Waiting()
        self._telling = Lock()
        self._closing = Event()
        self._starting = Lock()
        self._teller: Thread | None = None
        self._is_away = False
        self._rest_until = 0.0

    def seen(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are there."""
        self._note((stream_id, kind), viewers, is_there=True)

    def left(self, stream_id: StreamId, viewers: Iterable[str], kind: ViewerKind) -> None:
        """Note that they are gone."""
        self._note((stream_id, kind), viewers, is_there=False)

    def _note(self, row: Row, viewers: Iterable[str], *, is_there: bool) -> None:
        self._waiting.note(row, viewers, is_there=is_there)
        if self._teller is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._teller is None and not self._closing.is_set():
                self._teller = Thread(target=self._keep_telling, name="viewers", daemon=True)
                self._teller.start()

    def _keep_telling(self) -> None:
        while not self._closing.wait(_TELL_EVERY_S):
            self._tell_all()

    def _tell_all(self) -> bool:
        # One at a time: what came later must not be told before.
        with self._telling:
            news = self._waiting.take()
            if not news:
                return True
            pipe = self._client.pipeline(transaction=False)
            for row, viewers in news.items():
                self._put(pipe, row, viewers)
            return self._run(pipe) is not None

    def _put(self, pipe: Pipeline, row: Row, viewers: Mapping[str, bool]) -> None:
        stream_id, kind = row
        stay_ms = int(GONE_AFTER_S[kind] * _MS)
        for is_there, names in _parts(viewers):
            args: list[str | int] = [_KINDS.index(kind) + 1, stay_ms, int(is_there), *names]
            self._tell(keys=self._keys(stream_id), args=args, client=pipe)

    def count(
        self, stream_ids: Sequence[StreamId], *, takes_peaks: bool = False
    ) -> Mapping[StreamId, Crowd] | None:
        """Count each stream's."""
        if not stream_ids:
            return {}
        if not self._tell_all():
            return None
        pipe = self._client.pipeline(transaction=False)
        for one in stream_ids:
            self._count(keys=self._keys(one), args=[int(takes_peaks)], client=pipe)
        found = self._run(pipe)
        if found is None:
            return None
        return dict(zip(stream_ids, map(_crowd, found), strict=True))

    def _keys(self, stream_id: StreamId) -> list[str]:
        return [f"{self._prefix}:{{{stream_id}}}:{name}" for name in (*_KINDS, "peak")]

    def _run(self, pipe: Pipeline) -> list[list[int]] | None:
        if time.monotonic() < self._rest_until:
            return None
        try:
            found: list[list[int]] = pipe.execute()
        except _AWAY as error:
            self._note_away(is_away=True, error=repr(error))
            self._rest_until = time.monotonic() + _REST_S
            return None
        self._note_away(is_away=False)
        return found

    def _note_away(self, *, is_away: bool, error: str = "") -> None:
        # Once per outage.
        if is_away and not self._is_away:
            log.warning("viewers.away", error=error)
        if self._is_away and not is_away:
            log.info("viewers.back")
        self._is_away = is_away

    def close(self) -> None:
        """Tell what is not told yet, and close the connections."""
        with self._starting:
            self._closing.set()
        if self._teller is not None:
            self._teller.join()
        self._tell_all()
        self._client.close()


def _parts(viewers: Mapping[str, bool]) -> Iterator[tuple[bool, list[str]]]:
    for is_there in (False, True):
        names = [name for name, told in viewers.items() if told is is_there]
        for start in range(0, len(names), _BATCH):
            yield is_there, names[start : start + _BATCH]


def _crowd(numbers: Sequence[int]) -> Crowd:
    *by_kind, peak = numbers
    return Crowd(dict(zip(_KINDS, by_kind, strict=True)), peak)
