"""``reelmill key …``: API keys, made on the database itself."""

import sys
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from compose.cli.accounts import checked_name
from compose.cli.ground import opened
from compose.cli.options import DataOption, JsonOption, checked_id
from compose.cli.output import age, print_json, print_table
from pipeline.services import accounts, api_keys
from schemas.access import KeyName, KeyRequest, KeyView
from schemas.identity import Scope

app = typer.Typer(help="API keys, on the database itself: no server needed.", no_args_is_help=True)

_DAY_S = 86_400
_WHAT_FOR: TypeAdapter[str] = TypeAdapter(KeyName)


def _what_for(text: str) -> str:
    try:
        return _WHAT_FOR.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("must be 1 to 100 characters, none of them control.") from None


@app.command("add")
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the key is for.", callback=_what_for)
    ],
    *,
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="Whose key.", callback=checked_name)
    ] = "local",
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="What it may; again for more. [default: all its role may]"),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=36_600, help="How long. [default: for ever]")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it: this once, for only a digest is kept."""
    request = KeyRequest(
        name=name,
        scopes=tuple(scope) if scope else None,
        expires_in_s=None if days is None else days * _DAY_S,
    )
    with opened(data) as database:
        made = api_keys.create(database, accounts.named(database, account).id, request)
    if as_json:
        print_json(made)
    else:
        sys.stdout.write(f"{made.key}\n")


@app.command("list")
def listing(
    *,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Of one account alone.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List keys, newest first."""
    with opened(data) as database:
        whose = None if account is None else accounts.named(database, account).id
        found = api_keys.listing(database, whose)
        names = {one.id: one.name for one in accounts.listing(database).items}
    if as_json:
        print_json(found)
        return
    print_table(
        ("ID", "ACCOUNT", "NAME", "BEGINS", "SCOPES", "STATE", "USED"),
        (
            (
                *(key.id, names.get(key.account), key.name, key.prefix),
                *(key.scopes or "all", _state(key)),
                key.last_used_at and age(key.last_used_at),
            )
            for key in found.items
        ),
    )


def _state(key: KeyView) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "for ever" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d}"


@app.command("revoke")
def revoke(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of the key, from the list.", callback=checked_id)
    ],
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a key count no more, for ever."""
    with opened(data) as database:
        api_keys.revoke(database, key_id, owner=None)
    if as_json:
        print_json({"revoked": key_id})
    else:
        sys.stdout.write(f"Revoked {key_id}\n")
