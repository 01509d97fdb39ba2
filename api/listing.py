"""Queries of the lists of assets and jobs."""

from typing import Any

from api.bodies import ListQuery
from api.identity import owner
from pipeline.database.filters import AssetFilter, JobFilter
from schemas.listing import AssetWish, JobWish, Wish


class AssetListQuery(ListQuery, AssetWish):
    """Query of ``GET /api/assets``."""

    @property
    def filter(self) -> AssetFilter:
        """What the caller wishes of what they may see."""
        return AssetFilter(states=self.state, filename=self.filename, **_common(self))


class JobListQuery(ListQuery, JobWish):
    """Query of ``GET /api/jobs``."""

    @property
    def filter(self) -> JobFilter:
        """What the caller wishes of what they may see."""
        return JobFilter(
            states=self.state, asset_id=self.asset_id, profile=self.profile, **_common(self)
        )


def _common(wish: Wish) -> dict[str, Any]:
    return {
        "owner": owner(),
        "account": wish.account,
        "created_after": wish.created_after,
        "created_before": wish.created_before,
        "metadata": wish.metadata,
    }
