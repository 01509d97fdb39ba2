"""One YAML file as values, remembering on which line each of them stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.core.errors import InvalidRequest

#: Way to a value inside a file, e.g. ``("ladder", 0, "height_px")``.
Way = tuple[str | int, ...]

#: A profile is three levels deep.
_MOST_DEPTH = 10


@dataclass(frozen=True)
class Document:
    """A mapping read from a file."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[Way, int]

    def place(self, way: Way) -> str:
        """Name the place of a value, or of the nearest one above it that is written here."""
        line = next(self.lines[way[:n]] for n in range(len(way), 0, -1) if way[:n] in self.lines)
        return f"{self.file}, line {line}"

    def holds(self, way: Way) -> bool:
        """Tell whether anything of this way is written here rather than inherited."""
        return way[:1] in self.lines


def parse(text: str, *, file: str) -> Document:
    """Read YAML.

    Raises:
        InvalidRequest: ``profile.invalid``, it is no YAML or no mapping, or a name stands twice.
    """
    try:
        _check_events(text, file)
        node = yaml.compose(text, yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise invalid(f"{file}, line {line}: {error.problem or 'not YAML'}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise invalid(f"{file}: not YAML: {error}.") from error
    if not isinstance(node, yaml.MappingNode):
        raise invalid(f"{file}: a profile is a list of `name: value` lines.")
    return Document(file, values, dict(_lines(node, (), file)))


def invalid(detail: str) -> InvalidRequest:
    """Make the error of a profile that cannot be used."""
    return InvalidRequest(
        detail,
        code="profile.invalid",
        remedy="Correct the named line and try `reelmill profiles check FILE`; the README lists "
        "all options.",
    )


def _check_events(text: str, file: str) -> None:
    """Refuse what would make a small text large: references and endless nesting."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise invalid(f"{file}, line {line}: references are not taken; use `extends`.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            raise invalid(f"{file}: nested too deeply.")


def _lines(node: yaml.Node, way: Way, file: str) -> Iterator[tuple[Way, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            # The last of two would win in silence.
            if key.value in seen:
                raise invalid(f"{file}, line {line}: {key.value} stands there twice.")
            seen.add(key.value)
            yield (*way, str(key.value)), line
            yield from _lines(value, (*way, str(key.value)), file)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*way, number), value.start_mark.line + 1
            yield from _lines(value, (*way, number), file)
