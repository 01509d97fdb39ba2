"""Files that try to make a media tool open something else; each points at a trap's canaries.

``{file}`` stands for the folder of the canaries, ``{port}`` for the port that listens.
"""

import struct
from collections.abc import Callable

from tests.support.trap import Trap

_HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n{}#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
_MPD = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S">'
    "<Period><AdaptationSet mimeType='video/mp4'><Representation id='1' bandwidth='1'>"
    "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"
)
_SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)
_ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}/canary.txt">]>'

#: Attacks that are text: name of the attack → what the file says.
_TEXTS = {
    "hls beside": _HLS.format("", "canary.ts"),
    "hls absolute": _HLS.format("", "file://{file}/canary.ts"),
    "hls http": _HLS.format("", "http://127.0.0.1:{port}/x.ts"),
    "hls tcp": _HLS.format("", "tcp://127.0.0.1:{port}"),
    "hls rtmp": _HLS.format("", "rtmp://127.0.0.1:{port}/live/x"),
    "hls gopher": _HLS.format("", "gopher://127.0.0.1:{port}/x"),
    "hls key": _HLS.format(
        '#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:{port}/key"\n', "canary.ts"
    ),
    "hls key from a file": _HLS.format('#EXT-X-KEY:METHOD=AES-128,URI="canary.txt"\n', "canary.ts"),
    "hls map": _HLS.format('#EXT-X-MAP:URI="canary.mp4"\n', "canary.ts"),
    "hls of hls": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:{port}/x.m3u8\n",
    "hls subfile": _HLS.format("", "subfile,,start,0,end,64,,:{file}/canary.ts"),
    "hls concat": _HLS.format("", "concat:{file}/canary.ts|{file}/canary.ts"),
    "hls data": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ndata:,%23EXTM3U%0Acanary.ts\n",
    "hls crypto": _HLS.format("", "crypto:{file}/canary.ts"),
    "hls behind a mark": "\ufeff" + _HLS.format("", "canary.ts"),
    "hls behind spaces": "\n\n  " + _HLS.format("", "canary.ts"),
    "ffconcat beside": "ffconcat version 1.0\nfile canary.mp4\n",
    "ffconcat absolute": "ffconcat version 1.0\nfile '{file}/canary.mp4'\n",
    "ffconcat http": "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/x.mp4'\n",
    "concat list": "file 'canary.mp4'\n",
    "dash http": _MPD.format("http://127.0.0.1:{port}/x.mp4"),
    "dash beside": _MPD.format("canary.mp4"),
    "dash entity": _ENTITY + "<MPD>&e;</MPD>",
    "smooth streaming": '<SmoothStreamingMedia><StreamIndex Url="http://127.0.0.1:{port}/"/>'
    "</SmoothStreamingMedia>",
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/'
    '2067-3/2016"><Id>urn:uuid:1</Id></CompositionPlaylist>',
    "sdp": _SDP,
    "svg image": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{file}/001.jpg"/>'
    "</svg>",
    "svg entity": _ENTITY + "<svg><text>&e;</text></svg>",
    "ttml entity": _ENTITY + '<tt xmlns="http://www.w3.org/ns/ttml"><body>&e;</body></tt>',
    "smil": '<smil><body><video src="http://127.0.0.1:{port}/x"/></body></smil>',
    "asx": '<asx version="3"><entry><ref href="http://127.0.0.1:{port}/x"/></entry></asx>',
    "wmx": '<ASX><ENTRYREF HREF="file://{file}/canary.txt"/></ASX>',
    "m3u": "#EXTM3U\n#EXTINF:1,x\n{file}/canary.mp4\n",
    "pls": "[playlist]\nFile1=http://127.0.0.1:{port}/x\nNumberOfEntries=1\n",
    "xspf": '<?xml version="1.0"?><playlist><trackList><track><location>file://{file}/canary.mp4'
    "</location></track></trackList></playlist>",
    "quicktime link": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?>'
    '<embed src="http://127.0.0.1:{port}/x.mov"/>',
    "rtsp text": "RTSPtext\nrtsp://127.0.0.1:{port}/x\n",
    "real link": "rtsp://127.0.0.1:{port}/x.rm\nhttp://127.0.0.1:{port}/x.rm\n",
    "avisynth": 'AviSource("{file}/canary.mp4")\n',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n"
    "timestamp: 00:00:00:000, filepos: 000000000\n",
    "terminal text": "\x1b[2Jfile://{file}/canary.txt\n" * 200,
    "webvtt": "WEBVTT\n\nSTYLE\n@import url(http://127.0.0.1:{port}/x.css);\n\n"
    "00:00.000 --> 00:01.000\nx\n",
    "ass": "[Script Info]\nScriptType: v4.00+\nVideo File: {file}/canary.mp4\n",
    "ffmetadata": ";FFMETADATA1\nurl=http://127.0.0.1:{port}/\n",
}

#: Names that mean something to media tools; behind each lies a playlist.
_NAMES = {
    "a pattern": "%03d.jpg",
    "a wildcard": "*.jpg",
    "an option": "-i.mp4",
    "a protocol": "concat:canary.ts|canary.ts",
    "a part of a file": "subfile,,start,0,end,64,,:canary.ts",
    "an index of subtitles": "canary.idx",
    "a line break": "a\nfile canary.mp4\n.mp4",
}


def _told(text: str, trap: Trap) -> bytes:
    return text.replace("{file}", str(trap.folder)).replace("{port}", str(trap.port)).encode()


def _reference(kind: bytes, target: str) -> Callable[[Trap], bytes]:
    """An MP4 whose media is said to lie elsewhere."""

    def made(trap: Trap) -> bytes:
        place = _told(target, trap)
        record = _alias(place) if kind == b"alis" else place + b"\0"
        return _redirected(trap.media, _box(kind, bytes(4) + record))

    return made


def _redirected(boxes: bytes, entry: bytes) -> bytes:
    """Rewrite the data references of a whole file."""
    at, done = 0, b""
    while at < len(boxes):
        size, kind = struct.unpack_from(">I4s", boxes, at)
        inside = boxes[at + 8 : at + size]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            inside = _redirected(inside, entry)
        elif kind == b"dref":
            inside = inside[:8] + entry
        done += _box(kind, inside)
        at += size
    return done


def _alias(path: bytes) -> bytes:
    """A Macintosh alias record (as ``mov.c`` of ffmpeg reads it) with an absolute path."""
    name = path.rsplit(b"/", 1)[-1]
    record = bytes(10) + b"\4disk" + bytes(23) + bytes(12)
    record += bytes([len(name)]) + name + bytes(63 - len(name)) + bytes(16)
    record += struct.pack(">HH", 1, 1) + bytes(16)
    return record + struct.pack(">HH", 2, len(path)) + path + b"\0" * (len(path) % 2) + b"\xff\xff"


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def _reference_movie(target: str) -> Callable[[Trap], bytes]:
    """A QuickTime movie that is only a pointer to another (``rmra``)."""

    def made(trap: Trap) -> bytes:
        place = _told(target, trap) + b"\0"
        pointer = _box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(place)) + place)
        return _box(b"ftyp", b"qt  \0\0\0\0qt  ") + _box(
            b"moov", _box(b"rmra", _box(b"rmda", pointer))
        )

    return made


def _tagged_list(trap: Trap) -> bytes:
    """A playlist behind an ID3 tag."""
    return b"ID3\4\0\0\0\0\0\x0aTIT2\0\0\0\0\0\0" + _told(_HLS.format("", "canary.ts"), trap)


def _linked_picture(trap: Trap) -> bytes:
    """An ID3 tag whose cover is an address, before frames of MP3."""
    picture = b"\0-->\0\3\0" + _told("http://127.0.0.1:{port}/cover", trap)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    return (
        b"ID3\3\0\0"
        + bytes([0, 0, len(frame) >> 7, len(frame) & 127])
        + frame
        + (b"\xff\xfb\x90\x00" + bytes(413)) * 8
    )


def _playlist_inside(trap: Trap) -> bytes:
    """An MP4 with a playlist in its first free space."""
    return _box(b"free", _told(_HLS.format("", "canary.ts"), trap)) + trap.media


def _playlist_before(trap: Trap) -> bytes:
    return _told(_HLS.format("", "canary.ts"), trap) + trap.media


def _subtitles_in_avi(trap: Trap) -> bytes:
    """An AVI with a subtitle stream that holds a playlist (CVE-2017-9993)."""
    playlist = _told(_HLS.format("", "canary.ts"), trap)
    name = "x.m3u8\0".encode("utf-16-le")
    text = b"GAB2\0\2\0" + struct.pack("<I", len(name)) + name + b"\4\0"
    text += struct.pack("<I", len(playlist)) + playlist
    text += bytes(len(text) % 2)
    header = b"txts" + bytes(16) + struct.pack("<IIIIIII", 1, 1, 0, 1, 0, 0, 0) + bytes(8)
    stream = _chunk(b"strh", header) + _chunk(b"strf", bytes(40))
    main = _chunk(b"avih", struct.pack("<10I", 40000, 0, 0, 0x10, 1, 0, 1, 0, 320, 180) + bytes(16))
    headers = _chunk(b"LIST", b"hdrl" + main + _chunk(b"LIST", b"strl" + stream))
    return _chunk(b"RIFF", b"AVI " + headers + _chunk(b"LIST", b"movi" + _chunk(b"00tx", text)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data


def _linked_segment(trap: Trap) -> bytes:
    """A Matroska segment that says it goes on in another file, and attaches one by name."""
    there = str(trap.folder / "canary.mp4").encode()
    info = (
        _element("2AD7B1", b"\x0f\x42\x40") + _element("3E83BB", there) + _element("3C83AB", there)
    )
    attached = _element("466E", b"../../canary.txt") + _element("4660", b"font/ttf")
    attached += _element("465C", b"x") + _element("46AE", b"\1")
    segment = _element("1549A966", info) + _element("1941A469", _element("61A7", attached))
    head = _element("1A45DFA3", _element("4282", b"matroska"))
    return head + _element("18538067", segment)


def _element(name: str, data: bytes) -> bytes:
    return bytes.fromhex(name) + b"\x01" + len(data).to_bytes(7, "big") + data


def _linked_comment(trap: Trap) -> bytes:
    """A FLAC file whose picture is an address."""
    place = _told("http://127.0.0.1:{port}/cover", trap)
    picture = struct.pack(">II", 3, 3) + b"-->" + bytes(4) + struct.pack(">IIII", 1, 1, 24, 0)
    picture += struct.pack(">I", len(place)) + place
    return b"fLaC\0\0\0\x22" + bytes(34) + b"\x86" + struct.pack(">I", len(picture))[1:] + picture


_MADE: dict[str, Callable[[Trap], bytes]] = {
    "mp4 reference by path": _reference(b"url ", "file://{file}/canary.mp4"),
    "mp4 reference by address": _reference(b"url ", "http://127.0.0.1:{port}/x.mp4"),
    "mov alias": _reference(b"alis", "{file}/canary.mp4"),
    "mov reference movie": _reference_movie("http://127.0.0.1:{port}/x.mov"),
    "mov reference movie by path": _reference_movie("file://{file}/canary.mp4"),
    "playlist in an mp4": _playlist_inside,
    "playlist before an mp4": _playlist_before,
    "playlist behind an id3 tag": _tagged_list,
    "cover that is an address": _linked_picture,
    "flac cover that is an address": _linked_comment,
    "playlist in avi subtitles": _subtitles_in_avi,
    "matroska linked segment": _linked_segment,
}

ATTACKS = (*_TEXTS, *_MADE, *_NAMES)


def lay(attack: str, trap: Trap) -> str:
    """Write the file of an attack beside the canaries and return its name."""
    if attack in _NAMES:
        name, data = _NAMES[attack], _told(_TEXTS["hls beside"], trap)
    elif attack in _TEXTS:
        name, data = "attack.mp4", _told(_TEXTS[attack], trap)
    else:
        name, data = "attack.mp4", _MADE[attack](trap)
    (trap.folder / name).write_bytes(data)
    return name
