"""What every operation of a form can be refused with, so that the table need not repeat it."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from pydantic import BaseModel

from api.openapi.admission import rule_of
from api.openapi.operation import Operation, Raw

#: Status → codes.
Refusals = Mapping[int, tuple[str, ...]]


#: What credentials that prove nothing are refused with.
_UNPROVEN = (
    "auth.token_invalid",
    "auth.token_expired",
    "auth.key_unknown",
    "auth.key_ended",
    "auth.revoked",
)
#: Beginnings of endpoints that no rate limit holds for; see ``api.rates``.
_UNCOUNTED = ("media.", "watch.", "health.", "metrics.")


def refusals(operation: Operation, *, has_path: bool = False) -> Refusals:
    """Join an operation's own refusals with those of its form, by status.

    Where an address has parameters, some texts in their place are no address of ours.
    """
    joined: dict[int, dict[str, None]] = {}
    if has_path and operation.has_problems:
        joined[HTTPStatus.NOT_FOUND] = {"http.404": None}
    for status, codes in (*_of_form(operation), *operation.problems.items()):
        joined.setdefault(status, {}).update(dict.fromkeys(codes))
    return {status: tuple(joined[status]) for status in sorted(joined)}


def _of_form(operation: Operation) -> Iterator[tuple[int, tuple[str, ...]]]:
    if not operation.has_problems:
        return
    yield from _of_caller(operation)
    yield from _of_body(operation)
    if operation.is_matched:
        yield HTTPStatus.PRECONDITION_FAILED, ("request.outdated",)
    if takes_key(operation):
        yield HTTPStatus.BAD_REQUEST, ("idempotency.malformed",)
        yield HTTPStatus.CONFLICT, ("idempotency.in_flight",)
        yield HTTPStatus.UNPROCESSABLE_ENTITY, ("idempotency.reused",)
    if not operation.endpoint.startswith(_UNCOUNTED):
        yield HTTPStatus.TOO_MANY_REQUESTS, ("rate.limited",)
    if not operation.is_static:
        yield HTTPStatus.SERVICE_UNAVAILABLE, ("unavailable.database",)


def _of_caller(operation: Operation) -> Iterator[tuple[int, tuple[str, ...]]]:
    if rule_of(operation).role is not None:
        yield HTTPStatus.UNAUTHORIZED, ("auth.required", *_UNPROVEN)
        yield HTTPStatus.FORBIDDEN, ("auth.forbidden",)
    elif not operation.is_static:
        # They need not be shown, but must not be wrong.
        yield HTTPStatus.UNAUTHORIZED, _UNPROVEN
    if operation.method not in {"GET", "HEAD"} and not operation.is_open:
        yield HTTPStatus.FORBIDDEN, ("http.403",)


def _of_body(operation: Operation) -> Iterator[tuple[int, tuple[str, ...]]]:
    takes_json = isinstance(operation.body, type) and issubclass(operation.body, BaseModel)
    if takes_json:
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE, ("http.415",)
    if takes_json or operation.query is not None:
        yield HTTPStatus.BAD_REQUEST, ("request.invalid",)
    if takes_json or isinstance(operation.body, Raw):
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ("request.too_large",)


def takes_key(operation: Operation) -> bool:
    """Tell whether a repeat with the same ``Idempotency-Key`` gets the same answer."""
    return operation.method == "POST" and rule_of(operation).role is not None


def is_tagged(operation: Operation) -> bool:
    """Tell whether its answers have tags."""
    return any(answer.status == HTTPStatus.NOT_MODIFIED for answer in operation.answers)
