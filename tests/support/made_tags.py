"""Tags as encoders send them, small and made by hand."""

from collections.abc import Iterator

from pipeline.core.flv import amf0, tags
from pipeline.core.flv.kinds import MediaKind
from pipeline.core.flv.tags import Tag

#: An AVCDecoderConfigurationRecord without parameter sets; an AudioSpecificConfig of AAC.
VIDEO_HEADER = b"\x17\x00\x00\x00\x00\x01\x42\xc0\x1e\xff\xe0\x00"
AUDIO_HEADER = b"\xaf\x00\x11\x90"
METADATA = amf0.encode("onMetaData", {"framerate": 25.0, "videocodecid": 7.0})


def picture(n: int, *, is_keyframe: bool = False, n_bytes: int = 100) -> bytes:
    """Make a frame that nothing decodes, but everything of ours takes for one."""
    head = (b"\x17" if is_keyframe else b"\x27") + b"\x01\x00\x00\x00"
    return head + n.to_bytes(4, "big") * (n_bytes // 4)


def sound(n: int) -> bytes:
    """Make a packet of sound."""
    return b"\xaf\x01" + n.to_bytes(4, "big") * 8


def broadcast(
    *, seconds: float, gop: int = 25, begin_ms: int = 0, n_bytes: int = 100
) -> Iterator[Tag]:
    """Make what a publisher sends: metadata, headers, then 25 pictures and sounds a second."""
    yield Tag(MediaKind.DATA, begin_ms, METADATA)
    yield Tag(MediaKind.VIDEO, begin_ms, VIDEO_HEADER)
    yield Tag(MediaKind.AUDIO, begin_ms, AUDIO_HEADER)
    for n in range(int(seconds * 25)):
        ms = begin_ms + n * 40
        yield Tag(MediaKind.VIDEO, ms, picture(n, is_keyframe=n % gop == 0, n_bytes=n_bytes))
        yield Tag(MediaKind.AUDIO, ms, sound(n))


def written(tag: Tag) -> bytes:
    """Write a tag as FLV."""
    return tags.tag(tag.kind, tag.timestamp_ms, tag.payload)
