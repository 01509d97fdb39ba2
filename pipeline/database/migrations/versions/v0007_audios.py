"""Facts, plans and parameters of before there were several sound tracks, in today's words.

They are kept as documents whose readers refuse what they do not know: unchanged, no asset of
before could be shown or go on.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BATCH = 500

Document = dict[str, Any]


def upgrade() -> None:
    """Rewrite what still speaks of the one sound."""
    _rewrite("asset", "facts", _of_facts)
    _rewrite("job", "plan", _of_plan)
    _rewrite("task", "params", _of_params)


def downgrade() -> None:
    """Leave it: what knows one sound alone cannot tell which of them was meant."""


def _rewrite(table_name: str, column: str, changed: Callable[[Document], Document]) -> None:
    table = sa.table(table_name, sa.column("id", sa.String), sa.column(column, _JSON))
    value, last_id, connection = table.c[column], "", op.get_bind()
    # Whoever holds ten thousand assets shall not hold all their facts at once.
    while rows := connection.execute(
        sa.select(table.c.id, value)
        .where(table.c.id > last_id, value.is_not(None))
        .order_by(table.c.id)
        .limit(_BATCH)
    ).all():
        for row_id, before in rows:
            after = changed(before)
            if after != before:
                change = sa.update(table).where(table.c.id == row_id)
                connection.execute(change.values({column: after}))
        last_id = rows[-1].id


def _of_facts(facts: Document) -> Document:
    if "audio" not in facts:
        return facts
    rest = {name: value for name, value in facts.items() if name != "audio"}
    return {**rest, "audios": [] if facts["audio"] is None else [facts["audio"]]}


def _of_plan(plan: Document) -> Document:
    if "audio" not in plan:
        return plan
    rest = {name: value for name, value in plan.items() if name != "audio"}
    # Plans are read for what they made; nothing maps a stream by them any more.
    return {**rest, "audios": [] if plan["audio"] is None else [_sound(plan["audio"], 0)]}


def _of_params(params: Document) -> Document:
    if not isinstance(params.get("facts"), dict) or "audio" not in params["facts"]:
        return params
    after = {**params, "facts": _of_facts(params["facts"])}
    if "audio" in after and params["facts"]["audio"] is not None:
        after["audio"] = _sound(params["audio"], params["facts"]["audio"]["index"])
    return after


def _sound(audio: Document, source_index: int) -> Document:
    return {"source_index": source_index, **audio}
