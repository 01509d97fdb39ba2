"""The arithmetic of a draft's parts: enough numbers for every body, none used by two writers."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minio.datatypes import Part

from pipeline.core.errors import LeaseLost, StorageUnavailable
from pipeline.storage.s3.notes import MAX_NUMBER, MIB, Notes

TIB = 2**40


def _begun(length_bytes: int | None, most_bytes: int = 10 * 2**30) -> Notes:
    return Notes.begun(1, length_bytes, length_bytes or most_bytes, "w")


@given(st.integers(min_value=0, max_value=5 * TIB))
def test_every_length_fits_into_ten_thousand_parts(length_bytes: int) -> None:
    notes = _begun(length_bytes)

    assert notes.part_bytes * 8_000 >= length_bytes
    assert notes.part_bytes >= 8 * MIB
    assert notes.part_bytes % MIB == 0


def test_usual_lengths_get_small_parts() -> None:
    assert _begun(10 * 2**30).part_bytes == 8 * MIB
    assert _begun(None).part_bytes == 8 * MIB
    assert _begun(100 * 2**30).part_bytes == 13 * MIB


def test_writers_that_end_in_order_use_every_number() -> None:
    notes = _begun(None)
    for epoch in range(1, 200):
        notes = notes.taken_by(epoch, 0)
        assert notes.number == epoch
        notes = replace(notes.with_part(Part(notes.number, "etag")), is_open=False)


def test_appends_that_bring_no_part_use_no_numbers() -> None:
    notes = _begun(None)
    for epoch in range(2, 50_000):
        notes = replace(notes.taken_by(epoch, 0), is_open=False)

    assert notes.number == 1


def test_no_two_writers_from_one_draft_share_a_number() -> None:
    for notes in (_begun(None), replace(_begun(None), is_open=True)):
        numbers = [notes.taken_by(epoch, 0).number for epoch in range(2, 30)]
        assert len(set(numbers)) == len(numbers)


def test_what_an_open_writer_may_be_sending_is_nobody_elses() -> None:
    running = _begun(None).taken_by(1, 0)

    assert running.taken_by(1, 0).number > running.number
    assert running.taken_by(2, 0).number > running.taken_by(1, 0).number


def test_numbers_go_to_bytes_before_they_go_to_zombies() -> None:
    notes = _begun(80 * 2**30)

    late = notes.taken_by(1_000_000, 0)

    n_left = MAX_NUMBER - late.number + 1
    assert 80 * 2**30 <= n_left * late.part_bytes <= 80 * 2**30 + 2 * late.part_bytes
    assert late.part_bytes == notes.part_bytes


def test_parts_grow_where_numbers_grow_scarce() -> None:
    notes = replace(_begun(10 * 2**30), number=9_990)

    late = notes.taken_by(2, 5 * 2**30)

    assert (MAX_NUMBER - late.number + 1) * late.part_bytes >= 5 * 2**30


def test_parts_take_the_size_that_bodies_have() -> None:
    assert _begun(None).fitted(6_000_000).part_bytes == 6_000_000
    assert _begun(None).fitted(5 * MIB - 1).part_bytes == 8 * MIB
    assert _begun(None).fitted(9 * MIB).part_bytes == 8 * MIB
    # Too many of them.
    assert _begun(60 * 2**30).fitted(6_000_000).part_bytes == 8 * MIB


def test_parts_stay_alike() -> None:
    notes = _begun(None).with_part(Part(1, "etag"))

    assert notes.fitted(6_000_000) == notes


def test_an_older_writer_is_turned_away() -> None:
    with pytest.raises(LeaseLost):
        _begun(None).taken_by(0, 0)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.text(max_size=5))))
def test_notes_come_back_from_json(parts: list[tuple[int, str]]) -> None:
    notes = replace(_begun(5), parts=tuple(parts), rest_key="x", rest_bytes=3)

    assert Notes.read(json.loads(json.dumps(notes.written()))) == notes


def test_a_draft_of_another_store_is_lost_here() -> None:
    with pytest.raises(StorageUnavailable) as caught:
        Notes.read({})

    assert caught.value.instance_code == "storage.upload_lost"
