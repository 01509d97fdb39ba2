"""Who may ask for an operation, in the words of OpenAPI; from the table of policy."""

from collections.abc import Mapping

from openapi_pydantic.v3.v3_1 import Reference, SecurityScheme

from api.openapi.operation import Operation
from api.policy import POLICY
from pipeline.core.access import EVERYBODY, Rule

#: How credentials are shown; every one of them may be shown everywhere.
_SCHEMES: Mapping[str, SecurityScheme] = {
    "bearer": SecurityScheme(
        type="http",
        scheme="bearer",
        bearerFormat="JWT",
        description="A token of `POST /api/auth/token`, or of the app in front whose keys are set.",
    ),
    "apiKey": SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API key, sent as `Authorization: Bearer KEY`.",
    ),
    "session": SecurityScheme.model_validate(
        {
            "type": "apiKey",
            "in": "cookie",
            "name": "reelmill_session",
            "description": "The session of a browser that opened a login link.",
        }
    ),
}


def schemes() -> dict[str, SecurityScheme | Reference]:
    """Describe the ways of showing credentials."""
    return dict(_SCHEMES)


def rule_of(operation: Operation) -> Rule:
    """Look up what an operation takes."""
    return POLICY.get(operation.endpoint, EVERYBODY)


def security(operation: Operation) -> list[dict[str, list[str]]]:
    """Name the ways that lead in, one of which is enough; none for what everybody may."""
    if rule_of(operation).role is None:
        return []
    return [{name: []} for name in _SCHEMES]


def told(operation: Operation) -> str:
    """Say who may, in a sentence."""
    rule = rule_of(operation)
    if rule.role is None:
        return "Everybody may."
    scope = f", and of a key the scope `{rule.scope}`" if rule.scope else ""
    return f"Takes the role `{rule.role}`{scope}."
