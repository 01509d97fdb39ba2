"""What players fetch, and the page for people."""

from typing import Final

from api.openapi.operation import BYTES, ETAG, HTML, Answer, Operation, Tag, nothing

PLAYBACK: Final = (
    Operation(
        "media.file",
        "GET",
        Tag.PLAYBACK,
        "Fetch a playlist, segment, picture, key or download",
        answers=(
            Answer(
                200,
                "The file.",
                content_types=(
                    "application/vnd.apple.mpegurl",
                    "application/dash+xml",
                    "text/vtt",
                    "video/mp4",
                    "audio/mp4",
                    "image/jpeg",
                    BYTES,
                ),
                headers=(ETAG,),
            ),
            Answer(206, "The range asked for.", content_types=("video/mp4", "audio/mp4")),
            nothing(304, "It has not changed since."),
        ),
        problems={
            404: (
                "asset.not_found",
                "media.not_found",
                "rendition.not_found",
                "playback.not_ready",
                "playback.hls_only",
            ),
            416: ("http.416",),
            503: ("unavailable.storage",),
        },
        about="Begin with `master.m3u8` or `manifest.mpd`; the addresses of all else stand there.",
    ),
    Operation(
        "watch.page",
        "GET",
        Tag.PLAYBACK,
        "Open the page with the player",
        answers=(
            Answer(200, "The page.", content_types=("text/html; charset=utf-8",)),
            Answer(404, "The page that says there is none.", content_types=(HTML,)),
        ),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "watch.static",
        "GET",
        Tag.PLAYBACK,
        "Fetch what pages are made of",
        answers=(
            Answer(
                200,
                "Scripts, styles, pictures.",
                content_types=("text/javascript", "text/css", "image/svg+xml"),
            ),
            nothing(304, "It has not changed since."),
        ),
        problems={404: ("http.404",)},
        is_static=True,
    ),
)
