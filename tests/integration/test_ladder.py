"""The ladder on boxes that lack rungs: what is missing is found and named, and refused if asked."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.core.errors import Unavailable
from tests.support.product import ROOT
from workers.ffmpeg.confinement import ladder
from workers.ffmpeg.confinement.ladder import ESSENTIAL, RUNGS, Ladder, climb
from workers.ffmpeg.confinement.order import Layers

_TELL = (
    f"import sys, json; sys.path.insert(0, {str(ROOT)!r})\n"
    "from workers.ffmpeg.confinement.ladder import ladder\n"
    "found = ladder(); print(json.dumps([found.holding, dict(found.missing)]))"
)
#: A container as most are: root of its own, but nothing that makes namespaces.
_CONTAINER = (
    "echo 0 > /proc/sys/user/max_user_namespaces; "
    'exec setpriv --bounding-set -all --inh-caps -all --no-new-privs "$0" "$@"'
)


def test_everything_ordered_is_proved_from_inside() -> None:
    found = ladder.ladder()

    assert set(found.holding) == found.layers.rungs
    assert set(found.holding) | set(found.missing) == set(RUNGS)


def test_a_container_without_namespaces_keeps_what_is_essential() -> None:
    command = ["unshare", "-U", "-r", "sh", "-c", _CONTAINER, sys.executable, "-I", "-c", _TELL]

    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    holding, missing = json.loads(said)
    assert tuple(holding) == ESSENTIAL
    assert set(missing) == {"network", "processes"}
    assert all(missing.values())


def test_a_kernel_without_landlock_is_climbed_without_it() -> None:
    whole = ladder.ladder().layers

    found = climb(replace(whole, landlock_abi=0))

    assert found.lacks == ("files",)
    assert "calls" in found.holding
    assert found.missing["files"]


@pytest.mark.parametrize("isolation", ["auto", "required"])
def test_required_refuses_a_box_that_lacks_essentials(
    isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = Ladder(Layers(), ("rights",), {"files": "no Landlock", "calls": "no seccomp"})
    monkeypatch.setattr(ladder, "ladder", lambda: poor)

    if isolation == "auto":
        ladder.demand(isolation)
        return
    with pytest.raises(Unavailable) as caught:
        ladder.demand(isolation)

    assert caught.value.instance_code == "unavailable.isolation"
    assert "files: no Landlock" in caught.value.detail
    assert "REELMILL_ISOLATION" in caught.value.remedy
