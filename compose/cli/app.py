"""All commands in one tree, and the edge where their errors become exit codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from api.client import ApiError
from compose.cli import (
    accounts,
    assets,
    doctor,
    fleet,
    jobs,
    keys,
    links,
    plan,
    profiles,
    roles,
    run_clip,
    submit,
    webhooks,
)
from compose.cli.credentials import KEY_FILE
from compose.cli.exits import Exit, code_of, code_of_problem, complain
from pipeline.core.errors import ReelmillError
from schemas.http import ErrorView

app = typer.Typer(
    name="reelmill",
    help="A file goes in, adaptive video comes out.",
    epilog="Exit codes: 0 ok, 1 the work failed, 2 wrong usage or settings, 3 server or service "
    "unreachable, 4 refused or not found, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            dir_okay=False,
            help="File with the API key to show. [default: REELMILL_API_KEY, the data folder's]",
        ),
    ] = None,
) -> None:
    """A file goes in, adaptive video comes out."""
    KEY_FILE.set(key_file)


app.command("submit")(submit.submit)
app.add_typer(jobs.app, name="jobs")
assets.app.command("link")(links.link)
assets.app.command("unlink")(links.unlink)
app.add_typer(assets.app, name="assets")
app.add_typer(profiles.app, name="profiles")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(accounts.app, name="account")
app.add_typer(keys.app, name="key")
app.command("queues")(fleet.queues)
app.command("workers")(fleet.workers)
app.command("plan")(plan.plan)
app.command("doctor")(doctor.doctor)
app.command("up")(roles.up)
app.command("run")(run_clip.run)
app.command("api")(roles.api)
app.command("ingest")(roles.ingest)
app.command("worker")(roles.worker)
app.command("scheduler")(roles.scheduler)


def command() -> TyperGroup:
    """Build the tree of commands; documents are tested against it."""
    return typer.main.get_group(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are printed, never raised."""
    try:
        code = command().main(list(arguments), prog_name="reelmill", standalone_mode=False)
    except ApiError as error:
        problem = error.problem
        complain(ErrorView(code=problem.code, detail=problem.detail, remedy=problem.remedy))
        return code_of_problem(problem)
    except ReelmillError as error:
        complain(ErrorView(code=error.instance_code, detail=error.detail, remedy=error.remedy))
        return code_of(error)
    except TyperException as error:
        _show_usage(error)
        return Exit.USAGE
    except (Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return int(code or Exit.OK)


def _show_usage(error: TyperException) -> None:
    # Those that the parser raises know how to show themselves, with the usage line; the class
    # that says so is private to typer.
    show = getattr(error, "show", None)
    if show is None:
        complain(ErrorView(code="usage", detail=error.format_message()))
    else:
        show()
