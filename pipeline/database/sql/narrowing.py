"""Filters of lists as SQL, the same rows on both databases."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    String,
    Table,
    and_,
    column,
    exists,
    func,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.database.filters import AssetFilter, Filter, JobFilter
from pipeline.database.sql.tables import asset, job

#: Creation time and id of the last row of the page before.
Key = tuple[float, str]

Index("ix_asset_state", asset.c.state, asset.c.created_at, asset.c.id)
Index("ix_job_owner", job.c.account, job.c.created_at, job.c.id)
# SQLite has no index over whole documents: there a filter by metadata reads the newest first.
for _table in (asset, job):
    Index(f"ix_{_table.name}_metadata", _table.c.metadata, postgresql_using="gin").ddl_if(
        dialect="postgresql"
    )


def page_of(
    table: Table, wished: AssetFilter | JobFilter, after: Key | None, limit: int, *, is_sqlite: bool
) -> Select[Any]:
    """Select one page, newest first."""
    key = (table.c.created_at, table.c.id)
    query = select(table).order_by(*(part.desc() for part in key)).limit(limit)
    if after is not None:
        query = query.where(tuple_(*key) < after)
    return query.where(*_common(table, wished, is_sqlite=is_sqlite), *_own(table, wished))


def _common(table: Table, wished: Filter, *, is_sqlite: bool) -> Iterator[ColumnElement[bool]]:
    if wished.owner is not None:
        yield table.c.account == wished.owner
    if wished.account is not None:
        yield table.c.account == wished.account
    if wished.created_after is not None:
        yield table.c.created_at > wished.created_after.timestamp()
    if wished.created_before is not None:
        yield table.c.created_at < wished.created_before.timestamp()
    if wished.metadata and not is_sqlite:
        # One index on the whole document answers it.
        yield type_coerce(table.c.metadata, JSONB).contains(dict(wished.metadata))
    elif wished.metadata:
        yield and_(*(_holds(table, *pair) for pair in wished.metadata.items()))


def _holds(table: Table, name: str, value: str) -> ColumnElement[bool]:
    # A path into the document would have to quote the name; its rows need not.
    pairs = func.json_each(table.c.metadata).table_valued(
        column("key", String), column("value", String)
    )
    return exists().select_from(pairs).where(pairs.c.key == name, pairs.c.value == value)


def _own(table: Table, wished: AssetFilter | JobFilter) -> Iterator[ColumnElement[bool]]:
    if wished.states:
        yield table.c.state.in_([state.value for state in wished.states])
    if isinstance(wished, AssetFilter):
        if wished.filename is not None:
            yield table.c.filename.icontains(wished.filename, autoescape=True)
        return
    if wished.asset_id is not None:
        yield table.c.asset_id == wished.asset_id
    if wished.profile is not None:
        yield table.c.profile["name"].as_string() == wished.profile
