"""Digests computed beside those who read come out as if computed by them."""

import hashlib
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.tus.abreast import Abreast


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3 * 2**20), max_size=6))
def test_digests_are_those_of_all_blocks(sizes: list[int]) -> None:
    blocks = [bytes([n]) * size for n, size in enumerate(sizes)]
    digests = [hashlib.sha256(b"before"), hashlib.sha1()]

    abreast = Abreast(digests)
    with abreast.ended():
        for block in blocks:
            abreast.update(block)

    body = b"".join(blocks)
    assert digests[0].digest() == hashlib.sha256(b"before" + body).digest()
    assert digests[1].digest() == hashlib.sha1(body).digest()


def test_an_end_by_an_error_leaves_no_thread_and_counts_what_came() -> None:
    n_threads = threading.active_count()
    digest = hashlib.sha256()
    abreast = Abreast([digest])

    def breaks() -> None:
        with abreast.ended():
            for _ in range(5):
                abreast.update(b"x" * 2**20)
            raise KeyError

    with pytest.raises(KeyError):
        breaks()

    assert digest.digest() == hashlib.sha256(b"x" * 5 * 2**20).digest()
    assert threading.active_count() == n_threads
