"""Secrets are read again by who holds the key, of the owner they belong to."""

from pipeline.core import vault

KEY = vault.key_of(b"installation", "webhooks")
KEPT = vault.seal(KEY, b"a secret", owner="w1", nonce=bytes(vault.NONCE_BYTES))


def test_a_secret_is_read_again_and_not_seen_meanwhile() -> None:
    assert "secret" not in KEPT
    assert vault.unseal(KEY, KEPT, owner="w1") == b"a secret"


def test_nobody_else_reads_it() -> None:
    assert vault.unseal(vault.key_of(b"another", "webhooks"), KEPT, owner="w1") is None
    assert vault.unseal(vault.key_of(b"installation", "other"), KEPT, owner="w1") is None
    assert vault.unseal(KEY, KEPT, owner="w2") is None
    for broken in ("", "1:", "1:!", KEPT[:-4]):
        assert vault.unseal(KEY, broken, owner="w1") is None
