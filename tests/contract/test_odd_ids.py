"""Ids nobody ever had are not found, on both databases, whatever is in them."""

import pytest

from pipeline.core.errors import NotFound
from pipeline.database.port import Database
from pipeline.services import assets, jobs, playback
from schemas.vocabulary import AssetId, JobId
from tests.support import engine
from tests.support.walking import ANYBODY

ODD = ["nobody", "a\0b", "", "a'b", "x" * 5000, "../../etc/passwd", "日本"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids_are_not_found(database: Database, odd: str) -> None:
    with pytest.raises(NotFound):
        assets.show(database, AssetId(odd))
    with pytest.raises(NotFound):
        jobs.show(database, JobId(odd))
    with pytest.raises(NotFound):
        assets.delete(database, AssetId(odd))


@pytest.mark.parametrize("odd", ["t-1/a\0b.m4s", "../x/y", "t-1/../../x", "t-1/" + "x" * 5000])
def test_odd_paths_hold_nothing(database: Database, odd: str) -> None:
    asset_id = engine.add_asset(database)

    with pytest.raises(NotFound):
        playback.file(database, asset_id, odd, ANYBODY)
