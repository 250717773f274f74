"""What commands and pages ask of the store; read-only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, String, case, cast, exists, select
from sqlalchemy import func as sql

from agent.lock import is_held
from agent.store import schema
from agent.store.changes import changes_since
from agent.store.decisions import Decisions
from agent.store.dialect import FILE_NAME, greater, lesser, reading_engine
from agent.store.distinct import distinct
from agent.store.evidence import Evidence
from agent.store.gaps import blips, gaps
from agent.store.history import told, told_services
from agent.store.maintenance import PlannedWork, Work, by_service
from agent.store.memberships import incidents_of_others
from agent.store.migrate import current
from agent.store.notices import all_notices
from agent.store.outbox import whole_outbox
from agent.store.personal import Held, held
from agent.store.precedents import Earlier, earlier
from agent.store.requests import requests_between
from agent.store.restore import incident_of, lasting
from agent.store.retention import fresh_latencies
from agent.store.roll_ups import latencies, latency
from agent.store.suppressions import Suppressions
from agent.store.tickets import attachments, last_events, policies, roster, ticket_of, timeline
from agent.uptime import MOST_BLIPS, NOTHING_TOLD, Alive, Cause, Ledger, Told
from alerting.desk.attachment import Attachment
from alerting.desk.notices import Notice
from alerting.desk.roster import RosterEntry
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from alerting.incidents.change import Change
from alerting.incidents.incident import Incident
from alerting.incidents.suppression import Suppression
from alerting.outgoing import Outgoing
from alerting.plans import Edition
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap, Why
from alerting.slo.sketch import Sketch
from alerting.slo.spans import Klass, union
from alerting.state import restore
from config.policies import Policy

_EVER = 2**62
_AT_ONCE = 1000  # rows
_SPANS = schema.spans.c
_KLASSES = {klass.value: klass for klass in Klass}  # a call of the enum takes five times as long


class NoStore(Exception):
    """Nothing was ever stored there; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class _Others:
    """What is known of services' time from others than our checks: imports, and planned work with all its plans."""

    told: Mapping[str, Told]
    work: Mapping[str, list[tuple[Edition, ...]]]


class Reader:
    """Answers questions on one agent's rows."""

    def __init__(self, connection: Connection, agent: str, *, running: bool) -> None:
        self._connection, self._agent, self._running = connection, agent, running
        self._mine = _SPANS.agent_id == agent
        self._own = (self._mine, _SPANS.check_id == "")

    def alive(self) -> Alive:
        """Whether the agent runs, and its last sign of life (0 when it never ran)."""
        table = schema.agents.c
        query = select(table.alive_until).where(table.agent_id == self._agent)
        return Alive(self._running, self._connection.execute(query).scalar() or 0)

    def checks(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Per check: kind, confirmed state, whether it is unstable or flapping, last reading (or None)."""
        table = schema.checks
        found = {}
        for row in self._connection.execute(select(table).where(table.c.agent_id == self._agent)).mappings():
            state = restore(json.loads(row["state"]))
            found[(row["service"], row["check_id"])] = {
                "kind": row["kind"],
                "state": state.state,
                "since": state.since,
                "unstable": state.unstable,
                "flapping": state.flapping,
                "last": json.loads(row["last"]),
            }
        return found

    def memos(self) -> dict[tuple[str, str], Any]:
        """What each check remembers, where it remembers anything."""
        table = schema.checks.c
        query = select(table.service, table.check_id, table.memo).where(
            table.agent_id == self._agent, table.memo.is_not(None)
        )
        return {
            (service, check): json.loads(memo)[1] for service, check, memo in self._connection.execute(query)
        }

    def ledger(self, service: str, check: str = "", since: int = 0) -> Ledger:
        """The spans of a service that end after `since`, and what else is known of its time; or those of a check."""
        rows = self._connection.execute(
            select(_SPANS.start, _SPANS.end, _SPANS.klass)
            .where(self._mine, _SPANS.service == service, _SPANS.check_id == check, self._matters(since))
            .order_by(_SPANS.start)
        )
        spans = tuple((start, end, Klass(klass)) for start, end, klass in rows)
        first = select(sql.min(_SPANS.start)).where(
            self._mine, _SPANS.service == service, _SPANS.check_id == check
        )
        others = _Others(self._told, self._work)
        return self._ledger(service, spans, self._connection.execute(first).scalar(), others)

    def ledgers(
        self, since: int = 0, services: Collection[str] | None = None, *, incidents: bool = True
    ) -> dict[str, Ledger]:
        """The ledgers of the services, or of all of which anything is known, with `incidents` or without.

        As `ledger`, but a few queries for all of them.
        """
        chosen = [] if services is None else [_SPANS.service.in_(services)]
        columns = select(_SPANS.service, _SPANS.start, _SPANS.end, _SPANS.klass)
        late = columns.where(self._mine, _SPANS.check_id == "", self._still(since), *chosen)
        both = late.union_all(columns.where(*self._resumed(since), *chosen)).order_by("service", "start")
        spans: dict[str, list[tuple[int, int | None, Klass]]] = {}
        for service, start, end, klass in self._connection.execute(
            both.execution_options(yield_per=_AT_ONCE)
        ):
            spans.setdefault(service, []).append((start, end, _KLASSES[klass]))
        first, others = self.first_seen(), self._others(since)
        names = {*first, *others.told} - {""} if services is None else services
        return {
            name: self._ledger(name, tuple(spans.get(name, ())), first.get(name), others, incidents=incidents)
            for name in sorted(names)
        }

    def sums(self, start: int, end: int) -> dict[str, dict[Klass, int]]:
        """Per service the time in each class that we saw ourselves between two moments; microseconds."""
        found = self._summed(start, end)
        for low, high in self._doubtful:
            if max(low, start) < min(high, end):
                for service, doubtful in self._summed(max(low, start), min(high, end)).items():
                    for klass, length in doubtful.items():
                        found[service][klass] -= length
                        found[service][Klass.UNKNOWN] = found[service].get(Klass.UNKNOWN, 0) + length
        return found

    def _summed(self, start: int, end: int) -> dict[str, dict[Klass, int]]:
        """The same by the spans alone: those of each service from the one on that was running at `start`."""
        names = self._names()
        running = select(sql.max(_SPANS.start)).where(
            *self._own, _SPANS.service == names.c.value, _SPANS.start <= start
        )
        at = sql.coalesce(running.scalar_subquery(), start).label("at")
        since = select(names.c.value.label("name"), at).cte("since")
        until = sql.coalesce(_SPANS.end, self._alive.seen_until(end))
        cut = greater(0, lesser(until, end) - greater(_SPANS.start, start))
        # All but the first and the last need no cutting, which takes longer than to see that they need none.
        whole = (_SPANS.start >= start) & (_SPANS.end <= end)
        length = sql.sum(case((whole, _SPANS.end - _SPANS.start), else_=cut))
        sums = (sql.coalesce(length.filter(_SPANS.klass == klass), 0) for klass in _KLASSES)
        # All in one text: a sum for each service by itself wants no sorting, which would take most of the time.
        texts: Iterator[ColumnElement[str]] = (cast(each, String) for each in sums)
        told = reduce(lambda one, other: one.concat(",").concat(other), texts)
        spans = select(told).where(
            *self._own, _SPANS.service == since.c.name, _SPANS.start >= since.c.at, _SPANS.start < end
        )
        found: dict[str, dict[Klass, int]] = {}
        for name, text in self._connection.execute(select(since.c.name, spans.scalar_subquery())).all():
            each = zip(_KLASSES.values(), map(int, text.split(",")), strict=True) if text else ()
            if seen := {klass: us for klass, us in each if us}:
                found[name] = seen
        return found

    def first_seen(self) -> dict[str, int]:
        """When each service was first seen by us."""
        names = self._names()
        begun = select(sql.min(_SPANS.start)).where(*self._own, _SPANS.service == names.c.value)
        rows = self._connection.execute(select(names.c.value, begun.scalar_subquery()))
        return {name: start for name, start in rows if start is not None}

    def _names(self) -> CTE:
        """The services that have spans, and null."""
        return distinct(_SPANS.service, *self._own)

    def latency(self, service: str, check: str, start: int, end: int) -> Sketch:
        """How long the check's answers took between two moments, by the hours or days that begin between them."""
        return latency(self._connection, (self._agent, service, check), start, end)

    def latencies(self, service: str, check: str, start: int, end: int) -> list[tuple[int, int, Sketch]]:
        """The same over time: when each hour or day began, how long it is, and its sketch; in order."""
        address = (self._agent, service, check)
        found = [*latencies(self._connection, address, start, end)]
        return sorted(
            [*found, *fresh_latencies(self._connection, address, start, end)], key=lambda each: each[0]
        )

    def gaps(self, start: int, end: int) -> list[Gap]:
        """Time of which the agent cannot say what happened, where any of it lies between two moments."""
        return gaps(self._connection, self._agent, start, end)

    def blips(self, start: int, end: int, service: str | None = None) -> dict[tuple[str, str], list[Blip]]:
        """Per check what failed between two moments and was never confirmed, in order; the newest thousand."""
        return blips(self._connection, self._agent, (start, end), MOST_BLIPS, service)

    def requests(
        self, start: int, end: int, service: str | None = None
    ) -> dict[str, dict[str, tuple[int, int]]]:
        """Per service and check the requests of the hours that begin between two moments, and the good ones."""
        return requests_between(self._connection, self._agent, start, end, service)

    def told_of(self, service: str) -> bool:
        """Whether more is known of the service's time than what we saw ourselves."""
        return bool(self._concerned & {service, ""})

    @cached_property
    def _concerned(self) -> frozenset[str]:
        """Services of whose time others told, or for which work was planned; the empty name stands for all."""
        windows, of = schema.told_windows.c, told_services(self._agent, 0).c
        named = select(of.service).union(select(windows.service).where(windows.agent_id == self._agent))
        return frozenset([*self._connection.execute(named).scalars(), *self._work])

    def _still(self, since: int) -> ColumnElement[bool]:
        """Spans that end after `since`."""
        return _SPANS.end.is_(None) | (_SPANS.end > since)

    def _resumed(self, since: int) -> tuple[ColumnElement[bool], ...]:
        """Of each service of which others told the first span after that, where it ends by `since`.

        It says how far reaches what they told.
        """
        of, spans = told_services(self._agent, since).c, schema.spans.alias().c
        following = select(sql.min(spans.start)).where(
            spans.agent_id == self._agent,
            spans.service == of.service,
            spans.check_id == "",
            spans.start > of.last,
        )
        own = (self._mine, _SPANS.service == of.service, _SPANS.check_id == "")
        return (*own, _SPANS.start == following.scalar_subquery(), _SPANS.end <= since)

    def _matters(self, since: int) -> ColumnElement[bool]:
        """Spans that end after `since`; all of a service of which others told, for they say how far that reaches."""
        still = self._still(since)
        if not any(told.events for told in self._told.values()):
            return still
        rows = schema.told_events.c
        return still | exists().where(rows.agent_id == self._agent, rows.service == _SPANS.service)

    def _ledger(
        self,
        service: str,
        spans: tuple[tuple[int, int | None, Klass], ...],
        first: int | None,
        others: _Others,
        *,
        incidents: bool = True,
    ) -> Ledger:
        told = others.told.get(service) or others.told.get("", NOTHING_TOLD)
        work = (*others.work.get(service, ()), *others.work.get("", ()))
        causes = self._causes.get(service, ()) if incidents else ()
        return Ledger(spans, self._alive, tuple(causes), told, first, work, doubtful=self._doubtful)

    def _others(self, since: int) -> _Others:
        """As far as it matters after `since`."""
        late = PlannedWork(self._connection, self._agent).all(until_after=since)
        return _Others(told(self._connection, self._agent, since), by_service(late))

    @cached_property
    def _told(self) -> Mapping[str, Told]:
        return told(self._connection, self._agent)

    @cached_property
    def _work(self) -> Mapping[str, list[tuple[Edition, ...]]]:
        return by_service(self.planned_work())

    def knows(self, service: str) -> bool:
        """Whether anything is known of the service's time, by us or by whoever told of it."""
        seen = select(_SPANS.service).where(self._mine, _SPANS.service == service, _SPANS.check_id == "")
        return service in self._told or self._connection.execute(seen.limit(1)).first() is not None

    def evidence(self, service: str) -> Evidence:
        """What is kept of the moments at which the service's checks changed."""
        return Evidence(self._connection, self._agent, service)

    def decisions(self) -> Decisions:
        """What was decided of problems and incidents, and what belongs to them."""
        return Decisions(self._connection, self._agent)

    def suppressions(self) -> Suppressions:
        """Silences and pauses, with all that was ever said of them."""
        return Suppressions(self._connection, self._agent)

    def outbox(self) -> list[Outgoing]:
        """What other helpdesks are to hold, the latest change first."""
        return whole_outbox(self._connection, self._agent)

    def planned_work(self) -> list[Work]:
        """Planned work by number, as it was last planned."""
        return PlannedWork(self._connection, self._agent).all()

    def holds(self, now: int) -> tuple[Suppression, ...]:
        """Planned work, silences and pauses that end after that moment."""
        return lasting(self._connection, self._agent, now)

    @cached_property
    def _doubtful(self) -> tuple[tuple[int, int], ...]:
        """When the clock was set."""
        every = self.gaps(-_EVER, _EVER)
        return tuple(union((gap.start, gap.end) for gap in every if gap.why is Why.CLOCK))

    @cached_property
    def _alive(self) -> Alive:
        return self.alive()

    @cached_property
    def _causes(self) -> Mapping[str, list[Cause]]:
        causes: dict[str, list[Cause]] = {}
        for each in self.incidents():
            cause = Cause(each.opened_at, each.resolved_at, each.id, each.rule, each.reason)
            causes.setdefault(each.service, []).append(cause)
        return causes

    def incidents(self, service: str | None = None, since: int = 0) -> list[Incident]:
        """Newest first; or only those of one service that were not over at `since`."""
        table = schema.incidents
        query = select(table).where(table.c.agent_id == self._agent)
        if service is None:
            query = query.order_by(table.c.id.desc())
        else:  # in another order than that of the key, by which the database would look through all there are
            still = table.c.resolved_at.is_(None) | (table.c.resolved_at >= since)
            query = query.where(table.c.service == service, still).order_by(table.c.opened_at.desc())
        return [incident_of(row) for row in self._connection.execute(query).mappings()]

    def incidents_of_others(self, service: str, since: int, rules: Collection[str]) -> list[Incident]:
        """Those that the service's own problems belonged to, each for as long as they did."""
        return incidents_of_others(self._connection, self._agent, service, since, rules)

    def changes(self, since: int, most: int) -> list[Change]:
        """At most so many changes that were made since then, the newest first."""
        return changes_since(self._connection, self._agent, since, most)

    def earlier(self, incident: Incident) -> Earlier:
        """Incidents that may be like this one, and how people ended them."""
        return earlier(self._connection, self._agent, incident)

    def tickets(self) -> list[Ticket]:
        """Newest first."""
        table = schema.tickets
        query = select(table).where(table.c.agent_id == self._agent).order_by(table.c.number.desc())
        return [ticket_of(row) for row in self._connection.execute(query).mappings()]

    def ticket(self, number: int) -> Ticket | None:
        """The one of that number."""
        table = schema.tickets
        query = select(table).where(table.c.agent_id == self._agent, table.c.number == number)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ticket_of(row)

    def tickets_numbered(self, numbers: Collection[int]) -> dict[int, Ticket]:
        """Those of these numbers that there are."""
        table = schema.tickets
        query = select(table).where(table.c.agent_id == self._agent, table.c.number.in_(numbers))
        return {row["number"]: ticket_of(row) for row in self._connection.execute(query).mappings()}

    def tickets_since(self, since: int) -> list[Ticket]:
        """Those that were opened since then, and those that were identified since although they began before."""
        table = schema.tickets
        late = (table.c.opened_at >= since) | table.c.resolved_at.is_(None) | (table.c.resolved_at >= since)
        query = select(table).where(table.c.agent_id == self._agent, late)
        return [ticket_of(row) for row in self._connection.execute(query).mappings()]

    def personal(self, known_by: str) -> Held:
        """Which tickets hold anything of the person with that address or user id."""
        return held(self._connection, self._agent, known_by)

    def ended_tickets(self, most: int) -> list[Ticket]:
        """The newest of those that are closed, without those that were merged or were tests."""
        table = schema.tickets
        mine = (table.c.agent_id == self._agent, table.c.state == TicketState.CLOSED.value)
        query = select(table).where(*mine).order_by(table.c.number.desc()).limit(most)
        found = (ticket_of(row) for row in self._connection.execute(query).mappings())
        return [each for each in found if each.merged_into is None and not each.test]

    def timeline(self, number: int) -> list[TicketEvent]:
        """A ticket's events in order."""
        return timeline(self._connection, self._agent, number)

    def last_events(self, numbers: Collection[int]) -> dict[int, int]:
        """By ticket the moment of the last line of its timeline."""
        return last_events(self._connection, self._agent, numbers)

    def attachments(self, number: int) -> list[Attachment]:
        """A ticket's files in order."""
        return attachments(self._connection, self._agent, number)

    def policies(self) -> dict[str, Policy]:
        """The policies that tickets were opened under, by digest."""
        return policies(self._connection, self._agent)

    def roster(self, since: int = 0) -> list[RosterEntry]:
        """Who is away or on call, of what ends after `since`."""
        return roster(self._connection, self._agent, since)

    def notices(self) -> list[Notice]:
        """What people were, or are to be, told, the latest first."""
        return all_notices(self._connection, self._agent)


def stored(directory: Path) -> Path:
    """The database of a state directory. Raises NoStore where nothing was stored yet."""
    path = directory / FILE_NAME
    try:
        exists = path.is_file()
    except PermissionError:
        raise NoStore(f"{directory} cannot be read: become root or the user that runs tocsin") from None
    if not exists:
        raise NoStore(f"nothing is stored in {directory} yet: start the daemon with `tocsin run`")
    return path


@contextmanager
def reading(directory: Path, agent: str) -> Iterator[Reader]:
    """A reader over one consistent view. Raises NoStore where nothing was stored yet, or by an older version only."""
    path = stored(directory)
    engine = reading_engine(path)
    try:
        with engine.begin() as connection:
            if (current(connection) or "") < schema.HEAD:
                raise NoStore(
                    f"{path} is as an older version left it: (re)start the daemon, which brings it up to date"
                )
            yield Reader(connection, agent, running=is_held(directory))
    finally:
        engine.dispose()
