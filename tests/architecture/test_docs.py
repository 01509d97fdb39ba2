"""What the documents say is there, and what is there is said."""

import re
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup

from compose.cli.app import command
from compose.cli.exits import Exit
from schemas.events import EventType
from schemas.vocabulary import AssetState, QueueName, TaskKind
from tests.support.product import ROOMS, ROOT, error_codes

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
DOCUMENTS = {
    name: (ROOT / name).read_text()
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
}
#: Queues that nothing fills yet.
LATER_QUEUES: set[QueueName] = set()


def commands(group: TyperGroup, before: str = "reelmill") -> Iterator[tuple[str, object]]:
    """Walk every command with its whole name."""
    for name, found in group.commands.items():
        if isinstance(found, TyperGroup):
            yield from commands(found, f"{before} {name}")
        else:
            yield f"{before} {name}", found


def test_every_command_is_in_the_readme() -> None:
    assert [name for name, _ in commands(command()) if f"`{name}" not in README] == []


def test_every_command_in_the_readme_exists() -> None:
    known = {name for name, _ in commands(command())}

    said = re.findall(r"`(reelmill(?: [a-z]+)+)", README)

    assert [name for name in said if name not in known] == []


def test_every_command_and_option_explains_itself() -> None:
    for name, found in commands(command()):
        assert found.help, name  # type: ignore[attr-defined]
        for parameter in found.params:  # type: ignore[attr-defined]
            assert getattr(parameter, "help", ""), f"{name} {parameter.name}"


def test_every_exit_code_is_in_the_readme() -> None:
    assert [code for code in Exit if f"**{code.value}**" not in README] == []


def test_every_error_code_is_in_the_readme() -> None:
    assert sorted(code for code in error_codes() if f"`{code}`" not in README) == []


@pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind is not TaskKind.IDLE])
def test_every_kind_of_task_is_explained(kind: TaskKind) -> None:
    assert f"`{kind}`" in ARCHITECTURE


@pytest.mark.parametrize("queue", [queue for queue in QueueName if queue not in LATER_QUEUES])
def test_every_queue_is_in_the_readme(queue: QueueName) -> None:
    assert f"`{queue}`" in README


@pytest.mark.parametrize("state", AssetState)
def test_every_state_of_an_asset_is_in_the_readme(state: AssetState) -> None:
    assert f"`{state}`" in README


@pytest.mark.parametrize("type_", EventType)
def test_every_type_of_event_is_in_the_readme(type_: EventType) -> None:
    assert f"`{type_}`" in README


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_map(room: str) -> None:
    assert f"`{room}/" in ARCHITECTURE


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_documents_links_and_targets_exist(name: str) -> None:
    text = DOCUMENTS[name]

    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_every_target_explains_itself() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    # `ready` is what the others have in common.
    assert set(phony[1].split()) - explained == {"ready"}


def test_decisions_are_numbered_in_order() -> None:
    numbers = [int(number) for number in re.findall(r"^### (\d+)\. ", ARCHITECTURE, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))
