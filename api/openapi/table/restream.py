"""Where streams are pushed on to."""

from typing import Final

from api.openapi.operation import LOCATION, Answer, Operation, Tag, nothing
from schemas.restream import RestreamChange, RestreamList, RestreamRequest, RestreamView

_ADDRESS: Final = (
    "restream.address", "url.invalid", "url.credentials", "url.port", "url.private",
)  # fmt: skip
_STREAM: Final = ("stream.not_found",)
_TARGET: Final = ("stream.not_found", "restream.not_found")

RESTREAM: Final = (
    Operation(
        "restream.listing",
        "GET",
        Tag.STREAMS,
        "List where a stream is pushed on to",
        answers=(Answer(200, "All targets, oldest first.", RestreamList),),
        problems={404: _STREAM},
    ),
    Operation(
        "restream.create",
        "POST",
        Tag.STREAMS,
        "Push a stream on to another server",
        answers=(Answer(201, "The target, without its key.", RestreamView, headers=(LOCATION,)),),
        body=RestreamRequest,
        problems={422: _ADDRESS, 404: _STREAM, 409: ("restream.too_many",)},
        about=(
            "Whenever the stream is live it goes there as it came, by RTMP or RTMPS. The key is"
            " kept locked away and never shown again."
        ),
        example={"label": "other site", "url": "rtmps://live.example/app", "key": "abcd-1234"},
    ),
    Operation(
        "restream.one",
        "GET",
        Tag.STREAMS,
        "Show a target and how pushing goes",
        answers=(Answer(200, "The target.", RestreamView),),
        problems={404: _TARGET},
    ),
    Operation(
        "restream.change",
        "PUT",
        Tag.STREAMS,
        "Change a target, or switch it on or off",
        answers=(Answer(200, "The target as it is now.", RestreamView),),
        body=RestreamChange,
        problems={422: _ADDRESS, 404: _TARGET},
        about="What is left out stays; another address takes its key with it.",
        example={"isEnabled": False},
    ),
    Operation(
        "restream.delete",
        "DELETE",
        Tag.STREAMS,
        "Push a stream no more to a target",
        answers=(nothing(204, "Pushing ends within seconds."),),
        problems={404: _TARGET},
    ),
)
