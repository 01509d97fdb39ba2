"""The form every value of the vocabulary has: immutable, closed, exact."""

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema


class Frozen(BaseModel):
    """A value that cannot be changed and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


def _fraction(value: Any) -> Fraction:
    try:
        return value if isinstance(value, Fraction) else Fraction(str(value))
    except ZeroDivisionError as error:
        # Only a ValueError becomes a complaint about a field.
        raise ValueError("must not be divided by zero") from error


def _ratio_text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


#: An exact rational, written ``"30000/1001"`` in JSON: frame rates and durations add up
#: without drift only while they stay exact.
Ratio = Annotated[
    Fraction,
    BeforeValidator(_fraction),
    PlainSerializer(_ratio_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+/\d+$", "examples": ["30000/1001"]}),
]
