"""Gaps and blips in the store: read for figures and explanations, and forgotten when they prove to be none."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy import func as sql

from agent.memory import Address
from agent.store import schema
from alerting.slo.blips import Blip
from alerting.slo.gaps import SET_BACK, Gap, Why
from alerting.state import Flip
from checks.base import LEVEL, Status

_GAPS, _BLIPS = schema.gaps.c, schema.blips.c


def forget_gaps(connection: Connection, agent: str, undone: Iterable[Gap]) -> None:
    """Forget gaps that proved to be none."""
    for gap in undone:
        mine = (_GAPS.agent_id == agent, _GAPS.start == gap.start, _GAPS.why == gap.why.value)
        connection.execute(delete(schema.gaps).where(*mine))


def drop_confirmed(connection: Connection, agent: str, flips: Iterable[tuple[Address, Flip]]) -> None:
    """Forget blips that a flip confirms after all: `3 of 5` may do so long after each of them was over."""
    for (service, check), flip in flips:
        if LEVEL[flip.after] < LEVEL[flip.before]:
            continue
        confirmed = [status.value for status in LEVEL if LEVEL[status] <= LEVEL[flip.after]]
        mine = (_BLIPS.agent_id == agent, _BLIPS.service == service, _BLIPS.check_id == check)
        inside = (_BLIPS.start >= flip.since, _BLIPS.end <= flip.at, _BLIPS.worst.in_(confirmed))
        connection.execute(delete(schema.blips).where(*mine, *inside))


def gaps(connection: Connection, agent: str, start: int, end: int) -> list[Gap]:
    """The gaps of which any part lies in `[start, end)`, in order of time; they may overlap."""
    mine = (_GAPS.agent_id == agent, _GAPS.start < end, _GAPS.end > start)
    rows = select(_GAPS.start, _GAPS.end, _GAPS.why).where(*mine).order_by(_GAPS.start, _GAPS.why)
    return [Gap(begin, until, Why(why)) for begin, until, why in connection.execute(rows)]


def latest_far(connection: Connection, agent: str) -> Gap | None:
    """The latest gap that is longer than a clock is believed to be set back."""
    far = (_GAPS.agent_id == agent, _GAPS.end - _GAPS.start > SET_BACK)
    rows = select(_GAPS.start, _GAPS.end, _GAPS.why).where(*far).order_by(_GAPS.end.desc()).limit(1)
    row = connection.execute(rows).first()
    return Gap(row[0], row[1], Why(row[2])) if row else None


def blips(
    connection: Connection, agent: str, period: tuple[int, int], most: int, service: str | None = None
) -> dict[Address, list[Blip]]:
    """Per check the newest `most` blips of which any part lies in the period, in order of time; or of one service."""
    mine = [_BLIPS.agent_id == agent, _BLIPS.start < period[1], _BLIPS.end >= period[0]]
    if service is not None:
        mine.append(_BLIPS.service == service)
    newest = sql.row_number().over(
        partition_by=(_BLIPS.service, _BLIPS.check_id), order_by=_BLIPS.start.desc()
    )
    each = select(schema.blips, newest.label("age")).where(*mine).subquery()
    query = select(each).where(each.c.age <= most).order_by(each.c.service, each.c.check_id, each.c.start)
    found: dict[Address, list[Blip]] = {}
    for row in connection.execute(query).mappings():
        blip = Blip(row["start"], row["end"], Status(row["worst"]), row["count"], row["reason"])
        found.setdefault((row["service"], row["check_id"]), []).append(blip)
    return found
