import httpx
import pytest

from api.client import tus
from api.client.tus import Verdict


def test_an_upload_is_announced_with_its_length_or_told_later() -> None:
    known = tus.creation(7, {"filename": "영화.mp4"})
    unknown = tus.creation(None, {})

    assert known["Tus-Resumable"] == "1.0.0"
    assert known["Upload-Length"] == "7"
    assert known["Upload-Metadata"] == "filename 7JiB7ZmULm1wNA=="
    assert unknown["Upload-Defer-Length"] == "1"
    assert not {"Upload-Length", "Upload-Metadata"} & set(unknown)


def test_a_name_without_a_value_stands_alone() -> None:
    assert tus.encoded({"a": "", "b": "x"}) == "a,b eA=="


def test_a_piece_says_where_it_belongs() -> None:
    said = tus.piece(3, 4, 7)

    assert said["Content-Type"] == "application/offset+octet-stream"
    assert (said["Upload-Offset"], said["Content-Length"], said["Upload-Length"]) == ("3", "4", "7")
    assert "Upload-Length" not in tus.piece(3, 4)


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (204, Verdict.GO_ON),
        (200, Verdict.GO_ON),
        (409, Verdict.LATER),
        (423, Verdict.LATER),
        (429, Verdict.LATER),
        (502, Verdict.LATER),
        (503, Verdict.LATER),
        (404, Verdict.GONE),
        (410, Verdict.GONE),
        (400, Verdict.REFUSED),
        (403, Verdict.REFUSED),
        (412, Verdict.REFUSED),
        (413, Verdict.REFUSED),
        (507, Verdict.REFUSED),
        (301, Verdict.REFUSED),
    ],
)
def test_answers_are_judged_by_their_status(status: int, meant: Verdict) -> None:
    assert tus.verdict(status) is meant


def test_an_offset_is_read_whatever_the_case_of_its_name() -> None:
    assert tus.offset(httpx.Headers({"upload-offset": "42"})) == 42


@pytest.mark.parametrize("headers", [{}, {"Upload-Offset": "many"}])
def test_an_answer_without_an_offset_is_none_of_ours(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        tus.offset(headers)


def test_pauses_grow_to_a_limit_and_heed_the_server() -> None:
    assert [tus.pause_s(n, 0.5) for n in (0, 1, 2, 30)] == [0.2, 0.4, 0.8, 5.0]
    assert tus.pause_s(0, 0.0) < tus.pause_s(0, 1.0)
    assert tus.pause_s(0, 0.5, "3") == 3
    assert tus.pause_s(0, 0.5, "86400") == 60
    assert tus.pause_s(0, 0.5, "Fri, 31 Dec 1999 23:59:59 GMT") == 0.2
