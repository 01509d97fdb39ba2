"""AES-128 as HLS wants it, against the standard's own vector and the wrong key."""

import pytest

from pipeline.core.encryption import decrypt, encrypt, job_of, key_name
from schemas.vocabulary import JobId

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")


def test_the_cipher_is_aes_128_in_cbc_with_the_segments_number_before_it() -> None:
    # NIST SP 800-38A, F.1.1: one block under a zero vector is the block cipher itself.
    block = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")

    assert encrypt(block, KEY, 0)[:16].hex() == "3ad77bb40d7a3660a89ecaf32466ef97"


@pytest.mark.parametrize("n_bytes", [0, 15, 16, 17, 70_000])
def test_a_segment_comes_back_byte_for_byte(n_bytes: int) -> None:
    segment = bytes(range(256)) * (n_bytes // 256 + 1)
    ciphered = encrypt(segment[:n_bytes], KEY, 7)

    assert decrypt(ciphered, KEY, 7) == segment[:n_bytes]
    assert len(ciphered) == n_bytes // 16 * 16 + 16


def test_each_segment_has_a_vector_of_its_own() -> None:
    assert encrypt(b"x" * 64, KEY, 1) != encrypt(b"x" * 64, KEY, 2)


def test_a_wrong_key_is_noticed() -> None:
    with pytest.raises(ValueError, match="adding"):
        decrypt(encrypt(b"x" * 64, KEY, 1), bytes(16), 1)


def test_the_name_of_a_key_leads_back_to_its_job() -> None:
    assert job_of(key_name(JobId("0af3"))) == "0af3"
    assert job_of("master.m3u8") is None
    assert job_of("..key") is None
