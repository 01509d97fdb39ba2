"""A profile as it is written over HTTP: any of its options, over those of the one it extends."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from schemas.frozen import Frozen
from schemas.profile import Profile

Values = Mapping[str, Any]
ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class ProfileBase(Frozen):
    """What is not an option."""

    #: The profile whose options these are laid over; groups are merged, lists replaced.
    extends: ProfileName | None = None


def _has_no_default(schema: dict[str, Any]) -> None:
    # What is not written comes from the profile that is extended.
    schema.pop("default", None)


def _option(field: FieldInfo) -> Any:
    kind: Any = field.annotation
    for limit in field.metadata:
        kind = Annotated[kind, limit]
    default = None if field.is_required() else field.default
    return (kind, Field(default=default, json_schema_extra=_has_no_default))


_OPTIONS: dict[str, Any] = {
    name: _option(field) for name, field in Profile.model_fields.items() if name != "name"
}

#: Body of ``PUT /api/profiles/{name}``.
ProfileWritten: type[ProfileBase] = create_model(
    "ProfileWritten", __base__=ProfileBase, __doc__="Options of a profile.", **_OPTIONS
)
#: Body of ``POST /api/profiles``.
NewProfile: type[ProfileBase] = create_model(
    "NewProfile",
    __base__=ProfileBase,
    __doc__="A name and options of a profile.",
    name=(ProfileName, ...),
    **_OPTIONS,
)


def values_of(written: BaseModel) -> dict[str, Any]:
    """Name what is written, without what is not an option."""
    return written.model_dump(mode="json", exclude_unset=True, exclude={"extends", "name"})
