"""Hand-made MP4 boxes: small enough to see what a reader of segments is given."""

import struct


def box(kind: str, *parts: bytes) -> bytes:
    """One box around its parts."""
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind.encode("latin-1")) + payload


def init_segment(
    entry: str,
    config: bytes,
    *,
    timescale: int = 30_000,
    size_px: tuple[int, int] = (320, 180),
    edit_ticks: int = 0,
) -> bytes:
    """An init segment with one track, a sample entry and its configuration boxes."""
    is_video = entry not in {"mp4a", "Opus"}
    head = bytes(24) + struct.pack(">HH", *size_px) + bytes(50) if is_video else bytes(28)
    table = box("stsd", bytes(4), struct.pack(">I", 1), box(entry, head, config))
    handler = box("hdlr", bytes(8), b"vide" if is_video else b"soun", bytes(13))
    media = box(
        "mdia",
        box("mdhd", bytes(12), struct.pack(">I", timescale), bytes(8)),
        handler,
        box("minf", box("stbl", table)),
    )
    edit = box("elst", bytes(4), struct.pack(">IIiI", 1, 0, edit_ticks, 1 << 16))
    trex = box("trex", bytes(4), struct.pack(">IIIII", 1, 1, 1001, 0, 0x10000))
    return box("ftyp", b"iso6") + box(
        "moov", box("trak", box("edts", edit), media), box("mvex", trex)
    )


def media_segment(
    start_ticks: int,
    samples: list[tuple[int, int]],
    *,
    sync: tuple[int, ...] = (0,),
    lost_bytes: int = 0,
) -> bytes:
    """A media segment of 1001-tick samples given as (size, composition offset)."""
    entries = b"".join(
        struct.pack(">IIi", size, 0 if number in sync else 0x10000, shift)
        for number, (size, shift) in enumerate(samples)
    )
    # Signed offsets (version 1); sizes, flags and offsets per sample.
    run = box("trun", struct.pack(">III", 1 << 24 | 0xE01, len(samples), 0), entries)
    header = box("tfhd", struct.pack(">II", 0x20000, 1))
    time = box("tfdt", struct.pack(">IQ", 1 << 24, start_ticks))
    coded = bytes(sum(size for size, _ in samples) - lost_bytes)
    return box("styp", b"msdh") + box("moof", box("traf", header, time, run)) + box("mdat", coded)
