"""AES-128 of HLS: whole segments, one key per job, the segment's number as initialisation vector.

Init segments stay in the clear, so that players learn the codec before they have the key.

Source: RFC 8216 §4.3.2.4 (METHOD=AES-128: CBC with PKCS7 padding) and §5.2 (the media sequence
number as IV).
"""

from Crypto.Cipher import AES
from Crypto.Cipher._mode_cbc import CbcMode
from Crypto.Util.Padding import pad, unpad

from schemas.vocabulary import JobId

#: Bytes of a key, and of a cipher block.
KEY_BYTES = 16
KEY_TYPE = "application/octet-stream"
_KEY_SUFFIX = ".key"


def key_name(job_id: JobId) -> str:
    """Name where players find a job's key, below the asset's media address."""
    return f"{job_id}{_KEY_SUFFIX}"


def job_of(name: str) -> JobId | None:
    """Tell whose key is asked for; None where the name is no key's."""
    job_id = name.removesuffix(_KEY_SUFFIX)
    return JobId(job_id) if job_id != name and job_id.isalnum() else None


def encrypt(segment: bytes, key: bytes, index: int) -> bytes:
    """Encrypt segment number ``index`` of a rendition, counted from 0."""
    ciphered: bytes = _cipher(key, index).encrypt(pad(segment, AES.block_size))
    return ciphered


def decrypt(ciphered: bytes, key: bytes, index: int) -> bytes:
    """Give the segment back.

    Raises:
        ValueError: another key, another number or cut off.
    """
    segment: bytes = unpad(_cipher(key, index).decrypt(ciphered), AES.block_size)
    return segment


def _cipher(key: bytes, index: int) -> CbcMode:
    # Our playlists begin at media sequence number 0, so a segment's index is its number.
    return AES.new(key, AES.MODE_CBC, iv=index.to_bytes(AES.block_size, "big"))
