"""Distinct values of a column of a key, found from one to the next instead of by a look at all rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Column, ColumnElement, select
from sqlalchemy import func as sql


def distinct(column: Column[Any], *where: ColumnElement[bool], name: str = "") -> CTE:
    """The different values of a column, as `value`, in rows `where` the columns before it in the key are given.

    There is one null among them. Worth it where many rows share a value: hours, or the names of services. Where a
    statement has several of a column, each wants a `name`.
    """
    first = select(sql.min(column).label("value")).where(*where)
    found = first.cte(f"each_{name or column.name}", recursive=True)
    following = select(sql.min(column)).where(*where, column > found.c.value)
    return found.union_all(select(following.scalar_subquery()).where(found.c.value.is_not(None)))
