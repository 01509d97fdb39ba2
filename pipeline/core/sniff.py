"""Tells from a file's first bytes how ffprobe may open it, or why it may not.

ffmpeg picks a demuxer by content and by name: a text file can make it open other files or
addresses. So what is not media is refused here, before any demuxer sees it, and what is known
is opened by force as what it is. The rest is left to ffprobe's own guess among safe demuxers.
"""

import re

from pipeline.core.animation import animation, still_image
from pipeline.core.errors import NotMedia

#: How many bytes ``sniff`` wants to see.
HEAD_BYTES = 4096

_TS_PACKET_BYTES = 188
_TS_SYNC = 0x47

#: (offset, bytes, demuxer)
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"FLV\x01", "flv"),
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "mxf"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x00\x00\x01\xb3", "mpegvideo"),
    (0, b".RMF", "rm"),
    (0, b"DKIF", "ivf"),
    (0, b"nut/multimedia container\x00", "nut"),
    (0, b"#!AMR", "amr"),
    (0, b"caff", "caf"),
    (0, b".snd", "au"),
    (0, b"wvpk", "wv"),
    (0, b"\x0b\x77", "ac3"),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "wtv"),
    (8, b"AVI ", "avi"),
    (8, b"AVIX", "avi"),
    (8, b"WAVE", "wav"),
    (8, b"AIFF", "aiff"),
    (8, b"AIFC", "aiff"),
)

#: First boxes of ISO files (MP4, MOV, 3GP), fragmented ones included.
_ISO_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof")
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"jxl ", b"jp2 ")

_IMAGES = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"8BPS",
    b"\x00\x00\x01\x00",
    b"qoif",
    b"\xff\x0a",
    b"\x00\x00\x00\x0cJXL ",
    b"\x00\x00\x00\x0cjP  ",
    b"\xff\x4f\xff\x51",
)
_OTHERS = (b"PK\x03\x04", b"%PDF", b"\x7fELF", b"MZ", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh")

#: Text that makes players or ffmpeg open something else: HLS, ffconcat, SDP and their like.
_PLAYLIST = re.compile(
    rb"#EXTM3U|ffconcat|v=0\r?\n|\[playlist\]|\[Reference\]|RTSPtext|SMILtext", re.IGNORECASE
)
#: Elements of XML that hold a list of media (DASH, Smooth Streaming, SMIL, ASX, XSPF).
_XML_LIST = re.compile(rb"<(\w+:)?(MPD|SmoothStreamingMedia|smil|asx|playlist)\b", re.IGNORECASE)
#: A picture in XML; a web page may have one inside.
_XML_IMAGE = re.compile(rb"(<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>|\s)*<svg\b", re.DOTALL)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEXT_BYTES = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D, 0x0C, 0x1B}


def sniff(head: bytes) -> str | None:
    """Name the demuxer to force, or None where ffprobe may guess.

    ``head`` holds the first ``HEAD_BYTES`` of the file, fewer only if the file is shorter.

    Raises:
        NotMedia: empty, text, a playlist, a still image or another kind of file.
    """
    if not head.strip(b"\x00"):
        raise NotMedia("the file is empty", code="media.empty")
    demuxer = _by_signature(head) or animation(head) or _iso(head)
    demuxer = demuxer or _transport_stream(head) or _sound(head)
    if demuxer is None:
        _refuse_strangers(head)
        _refuse_text(head)
    return demuxer


def _by_signature(head: bytes) -> str | None:
    for offset, signature, demuxer in _SIGNATURES:
        if head.startswith(signature, offset):
            return demuxer
    return None


def _iso(head: bytes) -> str | None:
    if head[4:8] not in _ISO_BOXES:
        return None
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        raise still_image()
    return "mov"


def _transport_stream(head: bytes) -> str | None:
    """Know MPEG-TS by its sync bytes: plain, or behind the four bytes of M2TS."""
    for offset, length in ((0, _TS_PACKET_BYTES), (4, _TS_PACKET_BYTES + 4)):
        if all(head[at : at + 1] == bytes([_TS_SYNC]) for at in range(offset, 3 * length, length)):
            return "mpegts"
    return None


def _sound(head: bytes) -> str | None:
    if head[:1] != b"\xff" or len(head) < 2:  # noqa: PLR2004  the two bytes of a sync word
        return None
    if head[1] & 0xF6 == 0xF0:  # noqa: PLR2004  ADTS: sync word, layer 0
        return "aac"
    # Layers II and III; layer I looks like the byte order mark of UTF-16 and is extinct.
    is_mpeg = head[1] & 0xE0 == 0xE0 and head[1] & 0x06 in (0x02, 0x04)  # noqa: PLR2004
    return "mp3" if is_mpeg else None


def _refuse_strangers(head: bytes) -> None:
    if head.startswith(_IMAGES) or head[8:12] == b"WEBP":
        raise still_image()
    if head.startswith(_OTHERS):
        raise NotMedia("the file is an archive, a document or a program", code="media.other")


def _refuse_text(head: bytes) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_xml = text.startswith(b"<")
    if _PLAYLIST.match(text) or (is_xml and _XML_LIST.search(text)):
        raise NotMedia(
            "the file is a playlist: it names media but holds none",
            code="media.playlist",
            remedy="Send the video file itself, not a list of addresses.",
        )
    if is_xml and _XML_IMAGE.match(text):
        raise still_image()
    if is_xml or head.startswith(_BYTE_ORDER_MARKS) or _is_text(head):
        raise NotMedia("the file is text", code="media.text")


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last character may be cut by the end of what we read.
        if error.start < len(head) - 3:
            return False
    return all(byte in _TEXT_BYTES or byte >= 0x80 for byte in head)  # noqa: PLR2004
