"""What a draft on S3 remembers of itself, and the arithmetic of its parts; no I/O.

A draft is a multipart upload. Numbers of parts fence writers off from each other: a part sent
again replaces the one of that number, so no number that an older writer may still be sending
is used by a newer one. A writer that ended in order leaves nothing under way and says so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from minio.datatypes import Part

from pipeline.core.errors import LeaseLost
from pipeline.storage.intake import lost

MIB = 2**20
MAX_NUMBER = 10_000
#: No part of an object but its last may be shorter, says S3.
LEAST_BYTES = 5 * MIB
#: Less often is faster.
_USUAL_BYTES = 8 * MIB
#: Of the 10,000 numbers, what bodies may take; the rest is for writers that broke off.
_PLANNED_PARTS = 8_000


@dataclass(frozen=True)
class Notes:
    """The state of a draft."""

    #: Who wrote this.
    epoch: int
    #: The next part's number, if the same writer sends it.
    number: int
    #: Whether its writer may have sent more, unless it says otherwise later.
    is_open: bool
    part_bytes: int
    #: None until somebody knows.
    length_bytes: int | None
    #: What parts must suffice for.
    most_bytes: int
    #: Proves later that the object under the key is this one.
    writer: str
    #: Empty before the first part.
    upload_id: str = ""
    parts: tuple[tuple[int, str], ...] = ()
    #: The object that keeps what is too short for a part; empty where there is none.
    rest_key: str = ""
    rest_bytes: int = 0

    @classmethod
    def begun(cls, epoch: int, length_bytes: int | None, most_bytes: int, writer: str) -> Self:
        """Note an empty draft of a body of that length, or at most so many bytes."""
        return cls(
            epoch=epoch,
            number=1,
            is_open=False,
            part_bytes=max(_USUAL_BYTES, _share(most_bytes, _PLANNED_PARTS)),
            length_bytes=length_bytes,
            most_bytes=most_bytes,
            writer=writer,
        )

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Self:
        """Read what ``written`` made.

        Raises:
            StorageUnavailable: another kind of store made it, and has the bytes.
        """
        if "upload_id" not in state:
            raise lost("the bytes that another store took in")
        parts = tuple((int(number), str(etag)) for number, etag in state["parts"])
        return cls(**{**state, "parts": parts})

    def written(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        return asdict(self)

    def taken_by(self, epoch: int, size_bytes: int) -> Self:
        """Note that a writer goes on at that size, with numbers nobody else is using.

        Between the last writer and this one, each epoch may have had a writer that was never
        heard of and started from here too: each has a number of its own. Where numbers grow
        scarce, bytes go before zombies, and parts grow.

        Raises:
            LeaseLost: a newer writer wrote this.
        """
        if epoch < self.epoch:
            raise LeaseLost(f"epoch {self.epoch} writes now, not {epoch}")
        left_bytes = max(self.most_bytes - size_bytes, 0)
        n_needed = -(-left_bytes // self.part_bytes) + 1
        n_spare = max(MAX_NUMBER - self.number + 1 - n_needed, 0)
        n_others = epoch - self.epoch + (1 if self.is_open else -1)
        number = self.number + min(max(n_others, 0), n_spare)
        least_bytes = _share(left_bytes, max(MAX_NUMBER - number, 1))
        part_bytes = max(self.part_bytes, least_bytes)
        return replace(self, epoch=epoch, number=number, part_bytes=part_bytes, is_open=True)

    def fitted(self, body_bytes: int) -> Self:
        """Make the first body's size that of parts, if it will do: senders keep to theirs.

        So each later body is one part and leaves no rest, and parts are still all alike.
        """
        will_do = body_bytes >= LEAST_BYTES and body_bytes * _PLANNED_PARTS >= self.most_bytes
        if self.parts or not will_do:
            return self
        return replace(self, part_bytes=min(self.part_bytes, body_bytes))

    def with_part(self, part: Part) -> Self:
        """Note a part that is safe; what was kept as a rest went up with it."""
        parts = (*self.parts, (part.part_number, part.etag))
        number = part.part_number + 1
        return replace(self, parts=parts, number=number, rest_key="", rest_bytes=0)

    def list_of_parts(self) -> list[Part]:
        """Name the parts that make up the object."""
        return [Part(number, etag) for number, etag in self.parts]


def _share(size_bytes: int, n_parts: int) -> int:
    return -(-size_bytes // (n_parts * MIB)) * MIB
