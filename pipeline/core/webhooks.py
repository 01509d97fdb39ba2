"""Webhooks decided: who wants to know of what, and what follows an answer or none.

A delivery is tried for a day. An endpoint that fails again and again is left alone for
a while, whatever waits for it, so that one that is dead costs next to nothing; one that fails
for days is disabled.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.webhooks import DisabledReason, Outcome, WebhookPayload

#: Pauses after the first, second, … attempt: dense while it may be a restart, then over a day.
DELAYS_S = (5, 30, 120, 600, 1800, 3600, 7200, *(14_400,) * 5)
#: A delivery older than this is given up, however often it was tried.
GIVE_UP_AFTER_S = 86_400.0
#: Longest pause a receiver may ask for.
MAX_RETRY_AFTER_S = 14_400.0
#: An endpoint that let nothing through for so long is disabled.
DISABLE_AFTER_S = 3 * 86_400.0

#: Failures in a row that are a matter of the delivery; from then on the endpoint is to blame.
PATIENT_FAILURES = 3
_FIRST_REST_S = 2.0
_LONGEST_REST_S = 60.0

#: Most bytes of a body; what is longer loses its ``data``.
BODY_LIMIT_BYTES = 64 * 1024
#: How much of a receiver's answer is kept.
RESPONSE_KEPT_BYTES = 1024
#: How many attempts a delivery remembers.
ATTEMPTS_KEPT = 20

_GONE = 410
_ASKS_FOR_TIME = frozenset({429, 503})


@dataclass(frozen=True)
class Answered:
    """What became of one attempt."""

    outcome: Outcome
    status: int | None = None
    took_s: float = 0.0
    detail: str = ""
    response: str = ""
    #: Pause the receiver asked for.
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Following:
    """What follows an attempt; the delivery is pending where it has a delay."""

    #: None where there is no further attempt.
    retry_in_s: float | None = None
    #: How long the endpoint is left alone altogether.
    rest_s: float = 0.0
    disable: DisabledReason | None = None


def wants(patterns: Iterable[str], type_: str) -> bool:
    """Tell whether one of the patterns names a type of event, or its family."""
    family = f"{type_.partition('.')[0]}.*"
    return any(pattern in {type_, family} for pattern in patterns)


def following(
    answered: Answered,
    *,
    attempt: int,
    age_s: float,
    failures: int,
    failing_s: float,
    jitter: float,
) -> Following:
    """Decide what follows an attempt.

    Args:
        attempt: its number since the delivery was made or asked for again, from 1.
        age_s: how old the delivery is, counted likewise.
        failures: how many attempts of the endpoint failed in a row, this one included.
        failing_s: since when.
        jitter: 0–1, spreads what failed together.
    """
    if answered.outcome is Outcome.DELIVERED:
        return Following()
    if answered.status == _GONE:
        return Following(disable=DisabledReason.GONE)
    asked_s = _asked_s(answered)
    delay_s = _delay_s(attempt, asked_s, jitter)
    if delay_s is not None and age_s + delay_s > GIVE_UP_AFTER_S:
        delay_s = None
    return Following(
        retry_in_s=delay_s,
        rest_s=max(asked_s, _rest_s(failures)),
        disable=DisabledReason.FAILING if failing_s >= DISABLE_AFTER_S else None,
    )


def is_back(failures: int) -> bool:
    """Tell whether a success after so many failures in a row means the endpoint was away.

    Then what waits for it becomes due at once; otherwise it was single deliveries that failed.
    """
    return failures > PATIENT_FAILURES


def _asked_s(answered: Answered) -> float:
    """Read the pause a receiver asked for; only where its status gives the words a meaning."""
    if answered.status not in _ASKS_FOR_TIME or answered.retry_after_s is None:
        return 0.0
    return min(max(answered.retry_after_s, 0.0), MAX_RETRY_AFTER_S)


def _delay_s(attempt: int, asked_s: float, jitter: float) -> float | None:
    if attempt > len(DELAYS_S):
        return None
    # Never earlier than a receiver asked for; a fifth more at most, so that the sum stays a day.
    return max(DELAYS_S[attempt - 1] * (0.9 + jitter / 5), asked_s)


def _rest_s(failures: int) -> float:
    if failures <= PATIENT_FAILURES:
        return 0.0
    return min(_FIRST_REST_S * 2.0 ** min(failures - PATIENT_FAILURES - 1, 10), _LONGEST_REST_S)


def body(payload: WebhookPayload) -> str:
    """Write the body of a delivery, within its bounds."""
    text = payload.model_dump_json()
    if len(text.encode()) <= BODY_LIMIT_BYTES:
        return text
    return payload.model_copy(update={"data": {}, "is_shortened": True}).model_dump_json()


def kept_response(data: bytes) -> str:
    """Make text of the beginning of an answer, fit to be stored and shown."""
    text = data[:RESPONSE_KEPT_BYTES].decode("utf-8", "replace")
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
