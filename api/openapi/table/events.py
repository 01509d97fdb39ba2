"""Websockets."""

from typing import Final

from api.bodies import ResumeQuery
from api.openapi.operation import Operation, Tag, nothing

_ABOUT: Final = (
    "A websocket (version 13): first a snapshot, or with `last_event_id` what was missed since,"
    " then changes and progress as JSON text messages."
)

EVENTS: Final = (
    Operation(
        "sockets.everything",
        "GET",
        Tag.EVENTS,
        "Follow everything",
        answers=(nothing(101, "The websocket is open."),),
        query=ResumeQuery,
        problems={400: ("http.400",), 403: ("http.403",), 503: ("websocket.full",)},
        about=_ABOUT,
    ),
    Operation(
        "sockets.job",
        "GET",
        Tag.EVENTS,
        "Follow a job",
        answers=(nothing(101, "The websocket is open."),),
        query=ResumeQuery,
        problems={
            400: ("http.400",),
            403: ("http.403",),
            404: ("job.not_found",),
            503: ("websocket.full",),
        },
        about=_ABOUT,
    ),
)
