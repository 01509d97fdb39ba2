"""Who wants to know of what; when a delivery is tried again, and when no more."""

import pytest

from pipeline.core import webhooks
from pipeline.core.webhooks import DELAYS_S, Answered, following, is_back, wants
from schemas.webhooks import DisabledReason, Outcome, WebhookPayload

OK = Answered(Outcome.DELIVERED, 200)
BROKEN = Answered(Outcome.REFUSED, 500)


def after(answered: Answered, **known: float) -> webhooks.Following:
    given = {"attempt": 1, "age_s": 0.0, "failures": 1, "failing_s": 0.0, "jitter": 0.5, **known}
    return following(answered, **given)  # type: ignore[arg-type]


def test_a_pattern_is_a_type_or_its_family() -> None:
    assert wants(("asset.*",), "asset.ready")
    assert wants(("asset.ready", "job.failed"), "job.failed")
    assert not wants(("asset.*",), "job.failed")
    assert not wants(("asset.ready",), "asset.failed")


def test_nothing_follows_a_success() -> None:
    assert after(OK) == webhooks.Following()


def test_pauses_grow_over_a_day_and_end() -> None:
    pauses = [after(BROKEN, attempt=n).retry_in_s for n in range(1, len(DELAYS_S) + 2)]

    assert pauses[:-1] == list(DELAYS_S)
    assert pauses[-1] is None
    assert 0.9 * 86_400 < sum(DELAYS_S) * 1.1 <= 86_400 * 1.1


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_jitter_moves_a_pause_by_a_tenth(jitter: float) -> None:
    assert after(BROKEN, jitter=jitter).retry_in_s == pytest.approx(5 * (0.9 + jitter / 5))


def test_nothing_is_tried_again_after_its_day() -> None:
    assert after(BROKEN, attempt=12, age_s=80_000.0).retry_in_s is None
    assert after(BROKEN, attempt=2, age_s=86_390.0).retry_in_s is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_for_time(status: int) -> None:
    asked = after(Answered(Outcome.REFUSED, status, retry_after_s=90.0))

    assert asked.retry_in_s == 90.0
    assert asked.rest_s == 90.0


def test_nobody_may_ask_for_days() -> None:
    asked = after(Answered(Outcome.REFUSED, 503, retry_after_s=10_000_000.0))

    assert asked.retry_in_s == webhooks.MAX_RETRY_AFTER_S


def test_other_statuses_may_not_ask() -> None:
    assert after(Answered(Outcome.REFUSED, 500, retry_after_s=900.0)).retry_in_s == 5.0


def test_gone_is_gone() -> None:
    gone = after(Answered(Outcome.REFUSED, 410))

    assert gone.retry_in_s is None
    assert gone.disable is DisabledReason.GONE


def test_days_of_failures_disable() -> None:
    assert after(BROKEN, failing_s=3 * 86_400.0 - 1).disable is None
    assert after(BROKEN, failing_s=3 * 86_400.0).disable is DisabledReason.FAILING


def test_an_endpoint_that_fails_in_a_row_rests_longer_and_longer() -> None:
    rests = [after(BROKEN, failures=n).rest_s for n in range(1, 12)]

    assert rests[:3] == [0.0, 0.0, 0.0]
    assert rests[3:] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert not is_back(3)
    assert is_back(4)


def test_a_large_body_goes_without_its_data() -> None:
    payload = WebhookPayload.model_validate(
        {
            "delivery_id": "d",
            "webhook_id": "w",
            "sequence": 1,
            "type": "job.failed",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {"error": "é" * webhooks.BODY_LIMIT_BYTES},
            "job_metadata": {"mine": "kept"},
        }
    )

    read = WebhookPayload.model_validate_json(webhooks.body(payload))

    assert read == payload.model_copy(update={"data": {}, "is_shortened": True})


def test_an_answer_is_kept_as_text_that_can_be_shown() -> None:
    kept = webhooks.kept_response(b"ok\0\x1b[31m\xff\n" + b"x" * 5000)

    assert kept.startswith("ok\ufffd\ufffd[31m\ufffd\n")
    assert len(kept) <= webhooks.RESPONSE_KEPT_BYTES
