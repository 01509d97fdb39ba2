"""Requests that may come twice, as rows; see ``port`` for what holds for all of them."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class NewPromise:
    """A request with an ``Idempotency-Key`` of its sender's, as it comes in."""

    id: str
    account: str
    #: Digest of the key: the key itself opens the answer.
    key_sha256: str
    #: Digest of what is asked for.
    fingerprint: str


@dataclass(frozen=True)
class PromiseRow(NewPromise):
    """What is known of such a request."""

    #: Grows with each time its work is begun.
    epoch: int
    #: Whether somebody works on it now.
    is_held: bool
    #: The id of what was made; set in the transaction that makes it.
    made: str | None
    status: int | None
    #: Headers and body of the answer, sealed.
    answer: bytes | None = field(repr=False)


class PromiseRows(Protocol):
    """Requests that may come twice."""

    def add(self, row: NewPromise, *, hold_s: float) -> bool:
        """Insert a request that is worked on now; False where its key is taken."""

    def get(self, account: str, key_sha256: str) -> PromiseRow | None:
        """Get a request, and keep it from changing until the transaction ends."""

    def hold(self, promise_id: str, *, hold_s: float) -> int:
        """Begin to work on it (again); returns the epoch."""

    def renew(self, promise_id: str, epoch: int, *, hold_s: float) -> None: ...
    def made(self, promise_id: str) -> str | None:
        """Tell what an earlier try made; others who ask wait until the transaction ends."""

    def make(self, promise_id: str, made: str) -> None: ...
    def settle(self, promise_id: str, status: int, answer: bytes) -> None:
        """Keep the answer; the first one stays."""

    def release(self, promise_id: str, epoch: int) -> None:
        """Let the next try begin at once."""

    def drop(self, promise_id: str, epoch: int) -> None:
        """Forget a request that came to nothing."""

    def trim(self, older_s: float, limit: int) -> int: ...
