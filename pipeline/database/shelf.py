"""Profiles written over HTTP, as rows; see ``port`` for what holds for all of them."""

from collections.abc import Mapping
from typing import Any, Protocol

#: What a profile says together with what it extended when it was written.
Values = Mapping[str, Any]


class ProfileRows(Protocol):
    """Profiles beside those of files."""

    def all(self) -> dict[str, Values]: ...
    def get(self, name: str) -> Values | None: ...
    def hold(self, name: str) -> Values | None:
        """Get one and keep others from changing it until the transaction ends."""

    def add(self, name: str, values: Values) -> bool:
        """Insert one; False where the name is taken."""

    def replace(self, name: str, values: Values) -> None: ...
    def delete(self, name: str) -> None: ...
    def count(self) -> int: ...
