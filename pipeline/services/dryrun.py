"""What a job would do, without doing it."""

from pipeline.core import trim
from pipeline.core.commands import planned_commands
from pipeline.core.plan import plan
from pipeline.database.port import Database
from pipeline.services import assets
from schemas.http import DryRunView
from schemas.media import MediaFacts
from schemas.profile import Profile
from schemas.vocabulary import AssetId


def preview(
    db: Database, asset_id: AssetId, profile: Profile, *, owner: str | None = None
) -> DryRunView | None:
    """Plan for an asset; None until its facts are known.

    Raises:
        NotFound: there is no such asset.
        MediaError: it cannot be made playable.
    """
    with db.read() as tx:
        facts = assets.need(tx, asset_id, owner=owner).facts
    return None if facts is None else preview_facts(facts, profile)


def preview_facts(facts: MediaFacts, profile: Profile) -> DryRunView:
    """Plan for known facts.

    Raises:
        MediaError: they cannot be made playable.
    """
    stretch = trim.used(facts, profile)
    media_plan = plan(stretch, profile)
    return DryRunView(
        facts=facts,
        plan=media_plan,
        commands=planned_commands(stretch, media_plan),
        estimated_bytes=media_plan.estimated_bytes,
        estimated_s=media_plan.estimated_cpu_s,
        # The plan repeats those of the facts.
        warnings=media_plan.warnings,
    )
