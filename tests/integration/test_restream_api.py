"""Targets of streams over HTTP: made, changed, and never shown with their key."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.client import ApiError
from schemas.restream import RestreamChange, RestreamRequest, RestreamTargetId, TargetState
from schemas.streams import StreamRequest
from tests.support.served import Served, serving

REQUEST = RestreamRequest(label="site", url="rtmps://93.184.216.34/app", key="k-very-secret")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        yield served


def test_a_target_lives(served: Served) -> None:
    stream = served.client.streams.create(StreamRequest(title="Talk"))
    calls = served.client.restream(stream.id)

    made = calls.create(REQUEST)
    changed = calls.change(made.id, RestreamChange(label="other", is_enabled=False))

    assert (made.label, made.url, made.state) == ("site", REQUEST.url, TargetState.IDLE)
    assert (changed.label, changed.url, changed.is_enabled) == ("other", REQUEST.url, False)
    assert calls.all() == (changed,) == (calls.show(made.id),)
    calls.delete(made.id)
    assert calls.all() == ()
    with pytest.raises(ApiError) as refused:
        calls.show(RestreamTargetId("0" * 28))
    assert refused.value.problem.code == "restream.not_found"


def test_a_key_is_in_no_answer(served: Served) -> None:
    stream = served.client.streams.create(StreamRequest(title="Talk"))
    at = f"{served.url}/api/streams/{stream.id}/targets"
    body = {"url": "rtmps://93.184.216.34/app", "key": "k-very-secret"}

    answers = [
        made := httpx.post(at, json=body),
        httpx.get(at),
        httpx.put(f"{at}/{made.json()['id']}", json=body),
        httpx.put(f"{at}/{made.json()['id']}", json={"url": body["url"], "keys": "k-very-secret"}),
        httpx.post(at, json={**body, "url": "rtmps://93.184.216.34/app?k-very-secret"}),
    ]

    assert [one.status_code for one in answers] == [201, 200, 200, 400, 422]
    assert all("k-very-secret" not in one.text for one in answers)


@pytest.mark.parametrize(
    ("url", "code"),
    [("rtmp://127.0.0.1/a", "url.private"), ("https://a.example/a", "restream.address")],
)
def test_where_we_do_not_push_is_refused(served: Served, url: str, code: str) -> None:
    stream = served.client.streams.create(StreamRequest(title="Talk"))

    with pytest.raises(ApiError) as refused:
        served.client.restream(stream.id).create(REQUEST.model_copy(update={"url": url}))

    assert refused.value.problem.code == code
