"""Tells an animation from a still image, in formats that hold either."""

import struct

from pipeline.core.errors import NotMedia

#: ffprobe knows no animated WebP: its pictures are drawn anew before anything else is asked.
ANIMATED_WEBP = "webp_anim"
#: Demuxers of animations.
ANIMATIONS = ("gif", "apng", ANIMATED_WEBP)

_PNG = b"\x89PNG\r\n\x1a\n"
_HAS_ANIMATION = 0x02


def animation(head: bytes) -> str | None:
    """Name the demuxer of what may be an animation, None for anything else.

    A GIF tells only at its end whether it has more than one picture: ``check_moves``.
    """
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(_PNG) and _is_animated_png(head):
        return "apng"
    # RIFF, size, WEBP, VP8X, size, flags.
    if head[8:16] == b"WEBPVP8X" and head[20:21] and head[20] & _HAS_ANIMATION:
        return ANIMATED_WEBP
    return None


def _is_animated_png(head: bytes) -> bool:
    """Look for the chunk that announces frames: it stands before the first picture data."""
    at = len(_PNG)
    while at + 8 <= len(head):
        size, name = struct.unpack_from(">I4s", head, at)
        if name in (b"acTL", b"IDAT"):
            return bool(name == b"acTL")
        at += size + 12
    return False


def check_moves(container: str, n_pictures: int) -> None:
    """Refuse an animation of a single picture.

    Raises:
        NotMedia: ``media.image``.
    """
    if container in ANIMATIONS and n_pictures < 2:  # noqa: PLR2004  one is a still image
        raise still_image()


def still_image() -> NotMedia:
    """Make the error of a picture that does not move."""
    return NotMedia(
        "the file is a still image", code="media.image", remedy="Send a video file instead."
    )
