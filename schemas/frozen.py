"""The form every value of the vocabulary has: immutable, closed, exact."""

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema


class Frozen(BaseModel):
    """A value that cannot be changed and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


#: An exponent could ask for a number that fills the memory.
_PLAIN = re.compile(r"-?\d{1,60}(\.\d{1,60}|/\d{1,60})?", re.ASCII)


def _fraction(value: Any) -> Fraction:
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise ValueError("must be a number such as 25, 29.97 or 30000/1001")
    try:
        return value if isinstance(value, Fraction) else Fraction(str(value))
    except ZeroDivisionError as error:
        # Only a ValueError becomes a complaint about a field.
        raise ValueError("must not be divided by zero") from error


def _ratio_text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


_TEXT = {
    "type": "string",
    "pattern": r"^-?[0-9]{1,60}(\.[0-9]{1,60}|/0{0,20}[1-9][0-9]{0,39})?$",
    "examples": ["30000/1001"],
}

#: An exact rational, written ``"30000/1001"`` in JSON: frame rates and durations add up
#: without drift only while they stay exact.
Ratio = Annotated[
    Fraction,
    BeforeValidator(_fraction),
    PlainSerializer(_ratio_text, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number"}, _TEXT]}, mode="validation"),
    WithJsonSchema(_TEXT, mode="serialization"),
]
