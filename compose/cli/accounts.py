"""``reelmill account …``: accounts, made on the database itself, so that there can be a first."""

import sys
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from compose import configuration, house_key
from compose.cli.ground import opened
from compose.cli.options import DEFAULT_SERVER, DataOption, JsonOption
from compose.cli.output import age, print_json, print_table
from pipeline.services import accounts, logins
from schemas.access import AccountChange, AccountName, AccountRequest, AccountView, Password, Quotas
from schemas.identity import Role

app = typer.Typer(help="Accounts, on the database itself: no server needed.", no_args_is_help=True)

_NAME: TypeAdapter[str] = TypeAdapter(AccountName)
_PASSWORD: TypeAdapter[str] = TypeAdapter(Password)


def checked_name(text: str) -> str:
    """Return the text if an account can be called so."""
    try:
        return _NAME.validate_python(text)
    except ValidationError:
        raise typer.BadParameter(
            "must be of small letters, digits and . _ @ -, at most 64, and begin with one of"
            " the first two."
        ) from None


NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the account.", callback=checked_name)
]
#: From standard input, so that it stands on no command line.
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command("add")
def add(  # noqa: PLR0913  # each is an option
    name: NameArgument,
    *,
    role: Annotated[Role, typer.Option(help="What it may.")] = Role.CREATOR,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="By keys and links alone.")
    ] = False,
    password_stdin: StdinOption = False,
    stored_bytes: Annotated[
        int | None, typer.Option(min=0, help="Most bytes it may keep. [default: the settings']")
    ] = None,
    open_uploads: Annotated[
        int | None, typer.Option(min=0, help="Most uploads at once. [default: the settings']")
    ] = None,
    minutes_a_day: Annotated[
        int | None, typer.Option(min=0, help="Most minutes a day. [default: the settings']")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account; the password is asked for, or read from standard input."""
    password = None if no_password else _password(from_stdin=password_stdin)
    quotas = Quotas(
        stored_bytes=stored_bytes, open_uploads=open_uploads, minutes_a_day=minutes_a_day
    )
    request = AccountRequest(name=name, role=role, password=password, quotas=quotas)
    with opened(data) as database:
        _print(accounts.create(database, request), as_json=as_json)


@app.command("list")
def listing(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all accounts."""
    with opened(data) as database:
        found = accounts.listing(database)
    if as_json:
        print_json(found)
    else:
        print_table(("NAME", "ROLE", "STATE", "PASSWORD", "AGE", "ID"), map(_row, found.items))


@app.command("disable")
def disable(
    name: NameArgument,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Enable it again.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an account, its logins and its keys count no more."""
    with opened(data) as database:
        found = accounts.named(database, name)
        changed = accounts.change(database, found.id, AccountChange(is_disabled=not undo))
    _print(changed, as_json=as_json)


@app.command("password")
def password(
    name: NameArgument,
    *,
    password_stdin: StdinOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a new password; logins made with the old one end."""
    with opened(data) as database:
        found = accounts.named(database, name)
        change = AccountChange(password=_password(from_stdin=password_stdin))
        _print(accounts.change(database, found.id, change), as_json=as_json)


@app.command("remove")
def remove(
    name: NameArgument,
    *,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove an account with its keys and logins, after a question; what it owns stays."""
    with opened(data) as database:
        found = accounts.named(database, name)
        if not is_sure:
            _ask(name)
        accounts.remove(database, found.id)
    if as_json:
        print_json({"removed": name})
    else:
        sys.stdout.write(f"Removed {name}\n")


@app.command("link")
def link(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the account.", callback=checked_name)
    ] = "local",
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link that logs a browser in, once, within a quarter of an hour."""
    with opened(data) as database:
        ticket = logins.make_ticket(database, accounts.named(database, name).id)
    settings = configuration.load(data_dir=data)
    kept = house_key.find(settings.data_dir)
    base = settings.public_url or (kept.url if kept else DEFAULT_SERVER)
    if as_json:
        print_json({"url": logins.link(base, ticket)})
    else:
        sys.stdout.write(f"{logins.link(base, ticket)}\n")


def _ask(name: str) -> None:
    """Go on if whoever is there says so; where nobody is, they have to say it beforehand."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{name} and its keys would be gone for good: say --yes.")
    typer.confirm(f"Remove {name} with its keys and logins for good?", abort=True, err=True)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
    else:
        text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        return _PASSWORD.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("A password has 10 to 512 characters.") from None


def _row(account: AccountView) -> tuple[object, ...]:
    return (
        *(account.name, account.role, "disabled" if account.is_disabled else "active"),
        *("yes" if account.has_password else "no", age(account.created_at), account.id),
    )


def _print(account: AccountView, *, as_json: bool) -> None:
    if as_json:
        print_json(account)
    else:
        print_table(("NAME", "ROLE", "STATE", "PASSWORD", "AGE", "ID"), [_row(account)])
