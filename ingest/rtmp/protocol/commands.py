"""Commands, read from either of their encodings."""

import math
from dataclasses import dataclass
from typing import Any

from ingest.rtmp.protocol.messages import Message, MessageType
from pipeline.core.flv import amf0
from pipeline.core.flv.errors import Fault, ProtocolError
from pipeline.core.flv.limits import Limits

#: The name, the transaction and the properties.
_HEAD_VALUES = 3


@dataclass(frozen=True)
class Command:
    """A call, or the answer to one."""

    name: str
    #: Which call is answered; 0 wants no answer.
    transaction: float
    #: Properties of a connect; None of most others.
    properties: dict[str, Any]
    arguments: tuple[Any, ...]
    stream_id: int

    def text(self, place: int) -> str:
        """Tell an argument that is text; empty where it is not there or of another type."""
        found = self.arguments[place] if place < len(self.arguments) else None
        return found if isinstance(found, str) else ""


def command(message: Message, limits: Limits) -> Command:
    """Read a command.

    Raises:
        ProtocolError: it is no AMF, or no command.
    """
    payload = message.payload
    if message.type == MessageType.COMMAND_AMF3:
        # One byte that says nothing, then AMF0 that may change to AMF3 value by value.
        payload = payload[1:]
    values = amf0.decode(payload, limits)
    if not values or not isinstance(values[0], str):
        raise ProtocolError(Fault.COMMAND, "a command has no name")
    # Servers leave the rest out of what nobody answers.
    name, transaction, properties = (*values, 0, None)[:_HEAD_VALUES]
    if not isinstance(transaction, int | float) or not math.isfinite(transaction):
        raise ProtocolError(Fault.COMMAND, "a command has no number")
    return Command(
        name=name,
        transaction=transaction,
        properties=properties if isinstance(properties, dict) else {},
        arguments=tuple(values[_HEAD_VALUES:]),
        stream_id=message.stream_id,
    )


def status(level: str, name: str, description: str) -> dict[str, str]:
    """Make what onStatus tells."""
    return {"level": level, "code": name, "description": description}
