"""Streams, keys to publish with, broadcasts."""

from typing import Final

from api.bodies import ListQuery
from api.broadcasts import StreamKeyListQuery
from api.openapi.operation import LINK, LOCATION, Answer, Operation, Tag, nothing
from api.stream_stats import SeriesQuery
from api.streams import StreamListQuery
from schemas.on_air import OnAirPage
from schemas.stream_stats import ShownStats, StreamSeries
from schemas.streams import (
    BroadcastState,
    SessionPage,
    StartRequest,
    StartView,
    StopRequest,
    StreamChange,
    StreamKeyChange,
    StreamKeyChanged,
    StreamKeyList,
    StreamKeyMade,
    StreamKeyRequest,
    StreamKeyView,
    StreamPage,
    StreamRequest,
    StreamView,
)

_PROFILE: Final = ("profile.unknown",)
_NEW: Final = ("stream.too_many", "profile.not_encodable")

STREAMS: Final = (
    Operation(
        "streams.listing",
        "GET",
        Tag.STREAMS,
        "List streams, newest first",
        answers=(Answer(200, "One page, without their broadcasts.", StreamPage, headers=(LINK,)),),
        query=StreamListQuery,
        problems={400: ("request.cursor",)},
    ),
    Operation(
        "streams.create",
        "POST",
        Tag.STREAMS,
        "Set up a stream",
        answers=(Answer(201, "The stream.", StreamView, headers=(LOCATION,)),),
        body=StreamRequest,
        problems={400: _PROFILE, 409: _NEW},
        about="It keeps what its profile says now. To publish to it, make a key.",
        example={"title": "Monday talk", "graceS": 60, "scheduledFor": "2031-02-03T18:00:00Z"},
    ),
    Operation(
        "streams.one",
        "GET",
        Tag.STREAMS,
        "Show a stream with its newest broadcasts",
        answers=(Answer(200, "The stream.", StreamView),),
        problems={404: ("stream.not_found",)},
    ),
    Operation(
        "streams.sessions",
        "GET",
        Tag.STREAMS,
        "List a stream's broadcasts, newest first",
        answers=(Answer(200, "One page.", SessionPage, headers=(LINK,)),),
        query=ListQuery,
        problems={400: ("request.cursor",), 404: ("stream.not_found",)},
    ),
    Operation(
        "streams.change",
        "PATCH",
        Tag.STREAMS,
        "Change a stream",
        answers=(Answer(200, "The stream as it is now.", StreamView),),
        body=StreamChange,
        problems={
            400: _PROFILE,
            404: ("stream.not_found",),
            409: ("profile.not_encodable",),
        },
        about="What is left out stays. A broadcast that is on goes on as it began.",
        example={"title": "Tuesday talk", "scheduledFor": None},
    ),
    Operation(
        "streams.delete",
        "DELETE",
        Tag.STREAMS,
        "Delete a stream with its keys",
        answers=(nothing(204, "What was on has ended; recordings stay as assets."),),
        problems={404: ("stream.not_found",)},
    ),
    Operation(
        "stream_stats.now",
        "GET",
        Tag.STREAMS,
        "Tell how a stream does now",
        answers=(Answer(200, "Its numbers; to viewers the first few of them.", ShownStats),),
        problems={404: ("stream.not_found",)},
        about="Whoever may watch a stream may ask, and is told no more than `id`, `status`,"
        " `isReconnecting`, `startedAt` and `viewerCount`.",
    ),
    Operation(
        "stream_stats.series",
        "GET",
        Tag.STREAMS,
        "Tell how a stream's broadcasts did, minute by minute",
        answers=(Answer(200, "Minutes, oldest first.", StreamSeries, headers=(LINK,)),),
        query=SeriesQuery,
        problems={400: ("request.cursor",), 404: ("stream.not_found",)},
        about="Of one broadcast by `session`, from a time on by `from`; both may be left out.",
    ),
    Operation(
        "on_air.listing",
        "GET",
        Tag.STREAMS,
        "List who is live",
        answers=(
            Answer(200, "Public streams, the newest broadcast first.", OnAirPage, headers=(LINK,)),
        ),
        query=ListQuery,
        problems={400: ("request.cursor",)},
        about="For everybody. Unlisted and private streams are not in it, whoever asks.",
    ),
)

BROADCASTS: Final = (
    Operation(
        "broadcasts.start",
        "POST",
        Tag.STREAMS,
        "Get ready to publish",
        answers=(Answer(200, "The stream; a new one with its key, shown this once.", StartView),),
        body=StartRequest,
        problems={404: ("stream.not_found",), 409: _NEW},
        about="Nobody has to: a key that counts goes live by itself.",
        example={"title": "Monday talk"},
    ),
    Operation(
        "broadcasts.state",
        "GET",
        Tag.STREAMS,
        "Show what you have prepared and what is on",
        answers=(Answer(200, "The present state.", BroadcastState),),
    ),
    Operation(
        "broadcasts.stop",
        "POST",
        Tag.STREAMS,
        "End a broadcast",
        answers=(Answer(200, "The stream, ended.", StreamView),),
        body=StopRequest,
        problems={404: ("stream.not_found",), 409: ("stream.not_named",)},
        about=(
            "Its publisher is sent away within seconds. Programs that connect again by"
            " themselves begin another broadcast: revoke their key."
        ),
    ),
    Operation(
        "broadcasts.keys",
        "GET",
        Tag.STREAMS,
        "List keys to publish with, newest first",
        answers=(Answer(200, "Revoked ones too, their beginnings alone.", StreamKeyList),),
        query=StreamKeyListQuery,
    ),
    Operation(
        "broadcasts.create_key",
        "POST",
        Tag.STREAMS,
        "Make a key to publish with",
        answers=(Answer(201, "The key, shown this once.", StreamKeyMade, headers=(LOCATION,)),),
        body=StreamKeyRequest,
        problems={404: ("stream.not_found",), 409: (*_NEW, "stream.too_many_keys")},
        about="Without a stream, one is set up for it.",
        example={"label": "studio"},
    ),
    Operation(
        "broadcasts.key",
        "GET",
        Tag.STREAMS,
        "Show a key's beginning",
        answers=(Answer(200, "The key.", StreamKeyView),),
        problems={404: ("stream.key_not_found",)},
    ),
    Operation(
        "broadcasts.change_key",
        "PUT",
        Tag.STREAMS,
        "Name a key anew, or give it a new secret",
        answers=(Answer(200, "The key; a new secret is shown this once.", StreamKeyChanged),),
        body=StreamKeyChange,
        problems={404: ("stream.key_not_found",), 409: ("stream.key_ended",)},
        about="A new secret ends the old one, and within seconds what is published by it.",
        example={"rotate": True},
    ),
    Operation(
        "broadcasts.revoke_key",
        "DELETE",
        Tag.STREAMS,
        "Revoke a key",
        answers=(nothing(204, "It counts no more; what it published ends within seconds."),),
        problems={404: ("stream.key_not_found",)},
    ),
)
