"""What people may say of an asset, and say anew later."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from schemas.frozen import Frozen
from schemas.identity import Playback

_MAX_FILENAME = 255
#: PostgreSQL stores no NUL, neither in text nor in JSON.
_NO_NUL = r"^[^\x00]*$"


def _stored_filename(text: str) -> str:
    printable = "".join(char for char in text if char.isprintable())
    return printable.strip()[:_MAX_FILENAME] or "upload"


#: A name shown to people, which names nothing on disk: what cannot be shown is left out.
Filename = Annotated[str, AfterValidator(_stored_filename)]
#: An app's own, passed through.
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_NUL)],
        Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)],
    ],
    Field(max_length=50),
]


def _has_no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class AssetPatch(Frozen):
    """New words on an asset; what is not given stays, ``metadata`` is replaced whole."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    filename: Filename = Field(default="", json_schema_extra=_has_no_default)
    playback: Playback = Field(default=Playback.PUBLIC, json_schema_extra=_has_no_default)
    metadata: Metadata = Field(default_factory=dict, json_schema_extra=_has_no_default)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self

    @property
    def said(self) -> dict[str, Any]:
        """What is given, by column."""
        return self.model_dump(mode="json", include=self.model_fields_set)
