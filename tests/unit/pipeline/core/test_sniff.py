"""First bytes of real kinds of files."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import NotMedia
from pipeline.core.sniff import sniff

TS_PACKET = b"\x47" + bytes(187)


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\x00\x00\x00\x20ftypisom" + bytes(20), "mov"),
        (b"\x00\x00\x00\x18ftypqt  " + bytes(20), "mov"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mov"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01", "matroska"),
        (b"FLV\x01\x05\x00\x00\x00\x09", "flv"),
        (b"OggS\x00\x02", "ogg"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "avi"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "wav"),
        (TS_PACKET * 3, "mpegts"),
        ((b"\x00\x00\x00\x01" + TS_PACKET) * 3, "mpegts"),
        (b"\x00\x00\x01\xba\x44\x00", "mpeg"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"fLaC\x00\x00", "flac"),
        (b"#!AMR\n", "amr"),
        (b"ID3\x04\x00\x00\x00\x00\x0f\x76", None),
        (bytes(range(128, 256)) * 4, None),
    ],
)
def test_media_is_opened_as_what_it_is(head: bytes, demuxer: str | None) -> None:
    assert sniff(head) == demuxer


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "media.empty"),
        (bytes(4096), "media.empty"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\nseg.ts\n", "media.playlist"),
        (b"\xef\xbb\xbf\n #EXTM3U\nfile:///etc/passwd\n", "media.playlist"),
        (b"ffconcat version 1.0\nfile victim.mp4\n", "media.playlist"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "media.playlist"),
        (b"<?xml version='1.0'?><MPD/>", "media.playlist"),
        (b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>", "media.playlist"),
        (b"<!DOCTYPE html><html></html>", "media.text"),
        (b"just some words, \xc3\xa4 and \xe2\x82\xac\n" * 300, "media.text"),
        ("grüße €" * 1000, "media.text"),
        (b"\xff\xfeh\x00i\x00", "media.text"),
        (b"\x89PNG\r\n\x1a\n", "media.image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "media.image"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "media.image"),
        (b"\x00\x00\x00\x1cftypheic", "media.image"),
        (b"PK\x03\x04\x14\x00", "media.other"),
        (b"%PDF-1.7\n", "media.other"),
    ],
)
def test_what_is_not_media_is_refused_with_its_reason(head: bytes | str, code: str) -> None:
    data = head.encode()[:4096] if isinstance(head, str) else head[:4096]

    with pytest.raises(NotMedia) as caught:
        sniff(data)

    assert caught.value.instance_code == code
    assert caught.value.remedy


@given(st.binary(max_size=600))
def test_any_bytes_get_an_answer_or_a_refusal(head: bytes) -> None:
    with suppress(NotMedia):
        assert sniff(head) != ""
