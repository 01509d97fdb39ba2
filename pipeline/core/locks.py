"""Knows files whose pictures and sound are locked: encrypted, or under a rights system.

Demuxers read them as if nothing were wrong, and decoders then make noise of them; so what the
containers say of it is read here.
"""

import struct
from collections import Counter
from collections.abc import Iterator

from pipeline.core.errors import MediaUnsupported
from pipeline.core.streams import Description

#: How many of the first bytes ``check_head`` wants to see.
HEAD_BYTES = 1024 * 1024

#: Sample entries of Common Encryption (ISO 14496-12, 8.12) and of Apple's FairPlay.
_COMMON = (b"encv", b"enca", b"enct", b"encs", b"encm")
_FAIRPLAY = (b"drmi", b"drms", b"p608")
#: Where sample entries lie, from the ``moov`` down.
_TO_ENTRIES = (b"trak", b"mdia", b"minf", b"stbl")

#: ASF objects: Content Encryption and Extended Content Encryption, as GUIDs in file order.
_ASF_LOCKS = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)
#: Stream types of HLS Sample-AES in a program map: H.264, AAC, AC-3, E-AC-3.
_SAMPLE_AES_TAGS = ("0x00db", "0x00cf", "0x00c1", "0x00c2")

_TS_PACKET_BYTES = 188
_TS_SYNC = 0x47
_SCRAMBLED = 0xC0
_HAS_PAYLOAD = 0x10
#: Fewer packets of a stream say nothing.
_LEAST_PACKETS = 8


def check_head(head: bytes, demuxer: str | None) -> None:
    """Refuse what the first bytes show to be locked.

    Raises:
        MediaUnsupported: ``media.encrypted`` or ``media.drm``.
    """
    if demuxer == "asf" and any(lock in head for lock in _ASF_LOCKS):
        raise _drm("Windows Media DRM")
    if demuxer == "mpegts" and _is_scrambled(head):
        raise _encrypted("the packets of the transport stream are scrambled")


def check_movie(moov: bytes) -> None:
    """Refuse an MP4 or MOV one of whose tracks is locked.

    ``moov`` is the content of that box.

    Raises:
        MediaUnsupported: ``media.encrypted`` or ``media.drm``.
    """
    entries = {name for content in _tables(moov, _TO_ENTRIES) for name in _entries(content)}
    if entries & set(_FAIRPLAY):
        raise _drm("FairPlay")
    if entries & set(_COMMON):
        if any(name == b"pssh" for name, _ in boxes(moov)):
            raise _drm("Common Encryption with a rights system")
        raise _encrypted("the tracks are under Common Encryption")


def check_description(described: Description) -> None:
    """Refuse what ffprobe describes as locked.

    Raises:
        MediaUnsupported: ``media.encrypted``.
    """
    for stream in described.get("streams", ()):
        # ffprobe's name for the key of a Matroska ContentEncryption.
        if "enc_key_id" in stream.get("tags", {}):
            raise _encrypted("a track of the Matroska file is encrypted")
        if stream.get("ts_id") is not None and stream.get("codec_tag") in _SAMPLE_AES_TAGS:
            raise _encrypted("the transport stream is under Sample-AES")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the boxes of an MP4 side by side; ends where they make no sense."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        if size == 0:
            size = len(data) - at
        if size < header:
            return
        yield name, data[at + header : at + size]
        at += size


def _tables(data: bytes, path: tuple[bytes, ...]) -> Iterator[bytes]:
    if not path:
        yield from (content for name, content in boxes(data) if name == b"stsd")
        return
    for name, content in boxes(data):
        if name == path[0]:
            yield from _tables(content, path[1:])


def _entries(table: bytes) -> Iterator[bytes]:
    """Name the sample entries of an ``stsd``, behind its version, flags and count."""
    return (name for name, _ in boxes(table[8:]))


def _is_scrambled(head: bytes) -> bool:
    """Tell whether most packets of any stream carry scrambled payload (ISO 13818-1, 2.4.3.3)."""
    seen: Counter[int] = Counter()
    locked: Counter[int] = Counter()
    for packet in _ts_packets(head):
        if packet[3] & _HAS_PAYLOAD:
            pid = (packet[1] & 0x1F) << 8 | packet[2]
            seen[pid] += 1
            locked[pid] += bool(packet[3] & _SCRAMBLED)
    return any(n >= _LEAST_PACKETS and 2 * locked[pid] > n for pid, n in seen.items())


def _ts_packets(head: bytes) -> Iterator[bytes]:
    """Cut a plain stream, or one with the four bytes of M2TS, into packets; skips what is none."""
    at = head.find(bytes([_TS_SYNC]))
    while 0 <= at <= len(head) - _TS_PACKET_BYTES:
        yield head[at : at + _TS_PACKET_BYTES]
        for step in (_TS_PACKET_BYTES, _TS_PACKET_BYTES + 4):
            if head[at + step : at + step + 1] == bytes([_TS_SYNC]):
                at += step
                break
        else:
            at = head.find(bytes([_TS_SYNC]), at + 1)


def _encrypted(detail: str) -> MediaUnsupported:
    return MediaUnsupported(
        detail,
        code="media.encrypted",
        remedy="Export it without encryption; the key cannot be given here.",
    )


def _drm(system: str) -> MediaUnsupported:
    return MediaUnsupported(
        f"the file is protected by {system}",
        code="media.drm",
        remedy="Send the original that you have the rights to, not a bought or rented copy.",
    )
