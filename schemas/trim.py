"""The stretch of a source that is wished for."""

import re
from fractions import Fraction
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from schemas.frozen import Frozen, Ratio

#: Seconds as people and programs write them. An exponent could ask for a number that fills the
#: memory.
_SECONDS = re.compile(r"\d{1,7}(\.\d{1,9})?|\d{1,15}/[1-9]\d{0,9}")


class Trim(Frozen):
    """From where to where, in seconds of the asset: its zero is the start of its first track."""

    start_s: Ratio = Field(default=Fraction(0), ge=0)
    #: None is the end.
    end_s: Ratio | None = None

    @field_validator("start_s", "end_s", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, Fraction):
            text = str(value)
            if not _SECONDS.fullmatch(text):
                raise ValueError("must be seconds, such as 12.5 or 1001/30")
            return Fraction(text)
        return value

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ValueError("end_s must lie behind start_s")
        return self
