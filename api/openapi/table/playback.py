"""What players fetch, and the page for people."""

from typing import Final

from api.openapi.operation import BYTES, ETAG, HTML, LOCATION, Answer, Operation, Tag, nothing
from pipeline.core.live.playlist import LONGEST_S
from schemas.playback import PlaybackLinkRequest, PlaybackLinks, WatchedAsset
from schemas.watched_stream import StreamLinks, WatchedStream

HLS: Final = "application/vnd.apple.mpegurl"
_WINDOW_S: Final = {"type": "integer", "minimum": 1, "maximum": LONGEST_S}
VOID: Final = ("playback.link_invalid", "playback.link_expired", "playback.link_revoked")

PLAYBACK: Final = (
    Operation(
        "links.create",
        "POST",
        Tag.PLAYBACK,
        "Give addresses that anybody may watch an asset by, for a while",
        answers=(Answer(201, "The addresses; they end together.", PlaybackLinks),),
        body=PlaybackLinkRequest,
        problems={404: ("asset.not_found",)},
        about="They cover all that lies below them: playlists, segments, keys, pictures, text.",
        example={"expires_in_s": 21600, "label": "class-7b"},
    ),
    Operation(
        "links.revoke",
        "DELETE",
        Tag.PLAYBACK,
        "Void all such addresses of an asset",
        answers=(nothing(204, "None of those given out so far opens anything."),),
        problems={404: ("asset.not_found",)},
    ),
    Operation(
        "stream_links.create",
        "POST",
        Tag.PLAYBACK,
        "Give addresses that anybody may watch a stream by, for a while",
        answers=(Answer(201, "The addresses; they end together.", StreamLinks),),
        body=PlaybackLinkRequest,
        problems={404: ("stream.not_found",)},
        about="They cover what is on, and what is recorded of it as far as the page links to it.",
        example={"expires_in_s": 21600, "label": "class-7b"},
    ),
    Operation(
        "stream_links.revoke",
        "DELETE",
        Tag.PLAYBACK,
        "Void all such addresses of a stream and of its recordings",
        answers=(nothing(204, "None of those given out so far opens anything."),),
        problems={404: ("stream.not_found",)},
    ),
    Operation(
        "media.asset",
        "GET",
        Tag.PLAYBACK,
        "Show an asset to a viewer",
        answers=(Answer(200, "What a viewer may know.", WatchedAsset),),
        problems={404: ("asset.not_found",)},
        about="Below a signed address it is the same, with signed addresses in it.",
    ),
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
                    HLS,
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
            403: VOID,
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
        about="Begin with `master.m3u8` or `manifest.mpd`; the addresses of all else stand there."
        " `~{token}/` in front of the path is a signed address: what a private asset opens to.",
    ),
    *(
        Operation(
            f"live.{name}",
            "GET",
            Tag.PLAYBACK,
            f"Fetch a playlist of what is on{how}",
            answers=(
                Answer(200, "The newest segments.", content_types=(HLS,), headers=(ETAG,)),
                nothing(304, "It has not changed since."),
            ),
            problems={
                403: VOID,
                404: ("stream.not_found", "stream.offline", "rendition.not_found"),
            },
            about="Begin with `master`; the address stays the same over all broadcasts. Each is"
            " shown to its end for a minute, from its beginning at its asset. `last-{window_s}`"
            " shows so many seconds, for players that may go back.",
            path={"window_s": _WINDOW_S} if "window" in name else {},
        )
        for name, how in (
            ("playlist", ""),
            ("linked", ", by a signed address"),
            ("window", ", as far back as asked for"),
            ("linked_window", ", as far back as asked for, by a signed address"),
        )
    ),
    Operation(
        "start.start",
        "GET",
        Tag.PLAYBACK,
        "Open the page that people begin at",
        answers=(Answer(200, "The page.", content_types=("text/html; charset=utf-8",)),),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "flv.stream",
        "GET",
        Tag.PLAYBACK,
        "Watch a stream as it comes",
        answers=(
            Answer(200, "FLV without an end.", content_types=("video/x-flv",)),
            nothing(307, "Another door has it.", headers=(LOCATION,)),
            nothing(101, "The websocket is open: FLV in binary messages."),
        ),
        problems={
            400: ("http.400",),
            403: ("http.403",),
            404: ("stream.not_found", "stream.offline"),
            503: ("flv.full",),
        },
        about="It begins with the last keyframe. Also by websocket (version 13). Whoever reads too"
        " slowly is cut off: 8 MiB or 10 s behind.",
    ),
    Operation(
        "flv.linked",
        "GET",
        Tag.PLAYBACK,
        "Watch a stream as it comes, by a signed address",
        answers=(
            Answer(200, "FLV without an end.", content_types=("video/x-flv",)),
            nothing(307, "Another door has it.", headers=(LOCATION,)),
            nothing(101, "The websocket is open: FLV in binary messages."),
        ),
        problems={
            400: ("http.400",),
            403: VOID,
            404: ("stream.not_found", "stream.offline"),
            503: ("flv.full",),
        },
        about="As without the signature; it opens a private stream too.",
    ),
    Operation(
        "flv.session",
        "GET",
        Tag.PLAYBACK,
        "Read a broadcast at its door: for workers",
        answers=(Answer(200, "FLV without an end.", content_types=("video/x-flv",)),),
        problems={401: ("auth.token_invalid",), 404: ("stream.session_not_found",)},
        about="Inside the house alone: the proxy in front keeps it there.",
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
        "watch.linked",
        "GET",
        Tag.PLAYBACK,
        "Open the page of a signed address",
        answers=(
            Answer(200, "The page.", content_types=("text/html; charset=utf-8",)),
            Answer(403, "The page that says why the address is void.", content_types=(HTML,)),
            Answer(404, "The page that says there is none.", content_types=(HTML,)),
        ),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "live_page.listing",
        "GET",
        Tag.PLAYBACK,
        "Open the page of who is live",
        answers=(Answer(200, "The page.", content_types=(HTML,)),),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "live_page.live",
        "GET",
        Tag.PLAYBACK,
        "Open the page of a stream",
        answers=(
            Answer(200, "The page.", content_types=(HTML,)),
            Answer(404, "The page that says there is none.", content_types=(HTML,)),
        ),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "live_page.linked",
        "GET",
        Tag.PLAYBACK,
        "Open the page of a stream's signed address",
        answers=(
            Answer(200, "The page.", content_types=(HTML,)),
            Answer(403, "The page that says why the address is void.", content_types=(HTML,)),
            Answer(404, "The page that says there is none.", content_types=(HTML,)),
        ),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "watched_streams.stream",
        "GET",
        Tag.PLAYBACK,
        "Show a stream to a viewer",
        answers=(Answer(200, "What a viewer may know.", WatchedStream),),
        problems={404: ("stream.not_found",)},
        about="Pages and apps ask for it every few seconds: it says when to start playing.",
    ),
    Operation(
        "watched_streams.linked",
        "GET",
        Tag.PLAYBACK,
        "Show a stream by a signed address",
        answers=(Answer(200, "The same, with signed addresses in it.", WatchedStream),),
        problems={403: VOID, 404: ("stream.not_found",)},
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
