"""Servers in front of the RTMP door."""

from typing import Final

from api.openapi.operation import JSON, Answer, Operation, Raw, Tag

_PROBLEMS: Final = {
    400: ("request.malformed",),
    401: ("stream.key_unknown",),
    403: ("front.secret", "front.action", "stream.key_revoked", "stream.account_disabled"),
    404: ("front.off", "stream.not_found"),
    409: ("stream.busy",),
}
_ABOUT: Final = (
    "`nginx` takes the form that nginx-rtmp posts, `srs` and `mediamtx` take the JSON of SRS and"
    " MediaMTX. Anything but 200 means no. Nothing is opened: what they let in they push on to"
    " the door under the same key."
)
_ANSWER: Final = Answer(200, "It may be.", content_types=(JSON,))

FRONTS: Final = (
    Operation(
        "fronts.shown",
        "POST",
        Tag.STREAMS,
        "Ask whether a key may publish, as a server in front of the door",
        answers=(_ANSWER,),
        body=Raw(),
        problems=_PROBLEMS,
        about=f"The secret comes in `Authorization`, as Bearer or the password of Basic. {_ABOUT}",
    ),
    Operation(
        "fronts.linked",
        "POST",
        Tag.STREAMS,
        "Ask so, by servers that can show a secret in the address alone",
        answers=(_ANSWER,),
        body=Raw(),
        path={"secret": {"type": "string"}},
        problems=_PROBLEMS,
        about=_ABOUT,
    ),
)
