"""Websockets."""

from typing import Final

from api.bodies import ResumeQuery, TicketQuery
from api.openapi.operation import Answer, Operation, Tag, nothing
from api.openapi.table.playback import VOID
from schemas.tickets import Ticket, TicketRequest

_ABOUT: Final = (
    "A websocket (version 13): first a snapshot, or with `last_event_id` what was missed since,"
    " then changes and progress as JSON text messages."
)

EVENTS: Final = (
    Operation(
        "tickets.issue",
        "POST",
        Tag.EVENTS,
        "Ask for the right to open one websocket",
        answers=(Answer(201, "It goes into the address, within half a minute and once.", Ticket),),
        body=TicketRequest,
        problems={
            401: ("auth.required",),
            403: ("auth.forbidden", *VOID),
            404: ("job.not_found", "upload.not_found", "stream.not_found"),
            410: ("upload.gone",),
        },
        about="Following everything is for operators; a job for its owner. Whoever may watch an"
        " asset may follow its job too, and is told how far it is, not how it is made.",
    ),
    Operation(
        "sockets.everything",
        "GET",
        Tag.EVENTS,
        "Follow everything",
        answers=(nothing(101, "The websocket is open."),),
        query=ResumeQuery,
        problems={
            400: ("http.400",),
            401: ("auth.required", "websocket.ticket_invalid"),
            403: ("http.403", "auth.forbidden"),
            503: ("websocket.full",),
        },
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
            401: ("websocket.ticket_invalid",),
            403: ("http.403",),
            404: ("job.not_found",),
            503: ("websocket.full",),
        },
        about=_ABOUT,
    ),
    Operation(
        "upload_sockets.upload",
        "GET",
        Tag.EVENTS,
        "Follow an upload",
        answers=(nothing(101, "The websocket is open."),),
        query=TicketQuery,
        problems={
            400: ("http.400",),
            401: ("auth.required", "websocket.ticket_invalid"),
            403: ("http.403", "auth.forbidden"),
            404: ("upload.not_found",),
            410: ("upload.gone",),
            503: ("websocket.full",),
        },
        about="A websocket (version 13): the status of the upload as JSON, again whenever it"
        " changes, twice a second at most, until what came of it has ended.",
    ),
    Operation(
        "stream_sockets.stats",
        "GET",
        Tag.EVENTS,
        "Follow how a stream does",
        answers=(nothing(101, "The websocket is open."),),
        query=TicketQuery,
        problems={
            400: ("http.400",),
            401: ("websocket.ticket_invalid",),
            403: ("http.403",),
            404: ("stream.not_found",),
            503: ("websocket.full",),
        },
        about='A websocket (version 13): `{"type": "stats", "stats": …}` with what'
        " `GET …/stats` answers, again each second in which something has changed.",
    ),
)
