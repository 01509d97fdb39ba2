"""The parts of the document: an operation's parameters, body and answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Example,
    Header,
    MediaType,
    Parameter,
    Reference,
    RequestBody,
    Response,
    Schema,
)
from openapi_pydantic.v3.v3_1 import Operation as DocumentedOperation
from pydantic import BaseModel
from werkzeug.routing import Rule

from api.bodies import IdConverter
from api.openapi import admission
from api.openapi.operation import (
    ETAG,
    LINK,
    LOCATION,
    RETRY_AFTER,
    UPLOAD_EXPIRES,
    UPLOAD_LENGTH,
    UPLOAD_OFFSET,
    Answer,
    Operation,
    Raw,
)
from api.openapi.refusals import is_tagged, refusals, takes_key
from api.openapi.schemas import JsonSchema, SchemaBook
from api.problems import document_of, phrase_of
from schemas.http import Problem

_PROBLEM = "application/problem+json"
_KEY: Mapping[str, Any] = {
    "type": "string",
    "pattern": r"^[\x21\x23-\x5b\x5d-\x7e]{1,255}$",
    "description": "A random UUID: the same request with the same key within a day gets the answer"
    " of the first, and does nothing more. Of a streamed body the key covers the announced length.",
}
_SEEN: Mapping[str, Any] = {
    "type": "string",
    "description": "The `ETag` of the form that the sender has, or `*`.",
}
_HEADERS: Mapping[str, str] = {
    ETAG: "Strong tag of this form of the resource, for `If-None-Match` and `If-Match`.",
    LINK: 'The next page, `rel="next"`; not on the last one.',
    LOCATION: "Address of what was made.",
    RETRY_AFTER: "Seconds after which to ask again.",
    UPLOAD_EXPIRES: "Until when an unfinished upload waits for its next byte.",
    UPLOAD_LENGTH: "Bytes of the file.",
    UPLOAD_OFFSET: "Bytes of the upload that are safe.",
}


def headers() -> dict[str, Header | Reference]:
    """Describe the answers' headers."""
    return {
        name: Header(description=text, param_schema=_schema({"type": "string"}))
        for name, text in _HEADERS.items()
    }


def operation(one: Operation, rule: Rule, book: SchemaBook) -> DocumentedOperation:
    """Describe one operation."""
    return DocumentedOperation(
        tags=[one.tag.value],
        operationId=f"{one.endpoint}.{one.method.lower()}".replace(".", "_"),
        summary=one.summary,
        description=" ".join(part for part in (one.about, admission.told(one)) if part),
        parameters=list(_parameters(one, rule, book)) or None,
        requestBody=_body(one, book),
        responses=dict(_responses(one, rule, book)),
        security=admission.security(one),
    )


def _parameters(one: Operation, rule: Rule, book: SchemaBook) -> Iterator[Parameter | Reference]:
    for name in sorted(rule.arguments):
        schema = one.path.get(name) or _of_converter(rule, name)
        yield _parameter("path", name, schema, required=True)
    for name, schema, is_required in book.fields(one.query) if one.query else ():
        style = {"style": "deepObject"} if schema.get("type") == "object" else {}
        yield _parameter("query", name, schema, required=is_required, **style)
    for name, schema in {**one.headers, **_of_form(one)}.items():
        yield _parameter("header", name, schema)


def _of_form(one: Operation) -> Mapping[str, JsonSchema]:
    sent = (
        ("Idempotency-Key", _KEY, takes_key(one)),
        ("If-None-Match", _SEEN, is_tagged(one)),
        ("If-Match", _SEEN, one.is_matched),
    )
    return {name: schema for name, schema, is_taken in sent if is_taken}


def _parameter(place: str, name: str, schema: JsonSchema, **more: Any) -> Parameter:
    rest = {key: value for key, value in schema.items() if key not in {"description", "required"}}
    said = {key: schema[key] for key in ("description", "required") if key in schema}
    # By its written names: one of them is a word of Python.
    return Parameter.model_validate({"name": name, "in": place, "schema": rest, **said, **more})


def _of_converter(rule: Rule, name: str) -> JsonSchema:
    is_id = isinstance(rule._converters[name], IdConverter)  # noqa: SLF001 - no public way
    return {"type": "string", "pattern": f"^{IdConverter.regex}$"} if is_id else {"type": "string"}


def _body(one: Operation, book: SchemaBook) -> RequestBody | None:
    if one.body is None:
        return None
    if isinstance(one.body, Raw):
        content = {one.body.content_type: MediaType(media_type_schema=_schema({}))}
        return RequestBody(content=content, required=one.body.is_required)
    content = {
        "application/json": MediaType(
            media_type_schema=_schema(book.taken(one.body)), example=one.example
        )
    }
    return RequestBody(content=content, required=True)


def _responses(
    one: Operation, rule: Rule, book: SchemaBook
) -> Iterator[tuple[str, Response | Reference]]:
    found = [(answer.status, _answer(answer, book)) for answer in one.answers]
    for status, codes in refusals(one, has_path=bool(rule.arguments)).items():
        found.append((status, _refusal(status, codes, book)))
    joined: dict[int, Response] = {}
    for status, response in found:
        before = joined.get(status)
        joined[status] = response if before is None else _both(before, response)
    for status, response in joined.items():
        yield str(status), response


def _both(one: Response, other: Response) -> Response:
    """Join two ways to answer with one status: a page for people, a document for programs."""
    content = {**(one.content or {}), **(other.content or {})}
    return one.model_copy(update={"content": content or None})


def _answer(answer: Answer, book: SchemaBook) -> Response:
    named = {name: Reference(**{"$ref": f"#/components/headers/{name}"}) for name in answer.headers}
    return Response(
        description=answer.text,
        headers=named or None,
        content={kind: _media(answer.schema, book) for kind in answer.content_types} or None,
    )


def _media(model: type[BaseModel] | None, book: SchemaBook) -> MediaType:
    return MediaType(media_type_schema=None if model is None else _schema(book.given(model)))


def _refusal(status: int, codes: tuple[str, ...], book: SchemaBook) -> Response:
    examples: dict[str, Example | Reference] = {
        code: Example(summary=code, value=_example(status, code)) for code in codes
    }
    media = MediaType(media_type_schema=_schema(book.given(Problem)), examples=examples)
    return Response(
        description=f"{phrase_of(status)}: {', '.join(f'`{code}`' for code in codes)}.",
        content={_PROBLEM: media},
    )


def _example(status: int, code: str) -> dict[str, Any]:
    problem = document_of(status, code=code, detail="The particulars.", language="en")
    return problem.model_dump(mode="json")


def _schema(schema: JsonSchema) -> Schema | Reference:
    if set(schema) == {"$ref"}:
        return Reference.model_validate(schema)
    return Schema.model_validate(schema)
