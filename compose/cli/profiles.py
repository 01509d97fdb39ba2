"""``reelmill profiles``: what jobs can be asked to make."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from compose import configuration
from compose.cli.options import DEFAULT_SERVER, JsonOption, ServerOption
from compose.cli.output import print_json, print_table
from compose.cli.speech import connect
from pipeline import profiles
from schemas.profile import Profile

app = typer.Typer(help="Named sets of wishes.", no_args_is_help=True)


@app.command("list")
def listing(*, server: ServerOption = DEFAULT_SERVER, as_json: JsonOption = False) -> None:
    """List the profiles a server knows."""
    with connect(server) as client:
        found = client.profiles()
    if as_json:
        print_json(found)
        return
    print_table(("PROFILE", "CODEC", "RUNGS", "SOUND", "DESCRIPTION"), map(_row, found))


def _row(profile: Profile) -> tuple[object, ...]:
    sound = f"{profile.audio.codec} {profile.audio.bitrate_bps // 1000}k"
    codec = profile.video_codec if profile.ladder else None
    rungs = tuple(rung.name for rung in profile.ladder)
    return (profile.name, codec, rungs, sound, profile.description)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.")],
    *,
    server: ServerOption = DEFAULT_SERVER,
) -> None:
    """Show all options of a profile, as JSON."""
    with connect(server) as client:
        print_json(client.profile(name))


@app.command("check")
def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A YAML file.")
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Check a file before it goes into the folder of profiles; asks no server."""
    known = profiles.load(configuration.load().profiles_dir)
    profile = profiles.check(file, known)
    if as_json:
        print_json(profile)
    else:
        sys.stdout.write(f"{file.name} is the profile {profile.name}, and it is right.\n")
