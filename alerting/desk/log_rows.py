"""The troubleshooting log: a row for each ticket, with personal data masked, as values and as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerting.desk.masked import HIDDEN, Personal, cleaner
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Move, Ticket, TicketEvent
from alerting.slo.figures import rfc3339

_SECOND = 1_000_000
Cell = str | int | float | None
Row = Mapping[str, Cell]
# What a spreadsheet would take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
COLUMNS = (
    "id", "date_reported", "date_resolved", "time_taken", "date_closed", "channel", "reporter", "contact",
    "account", "account_level", "user_id", "product_id", "service", "check", "environment", "category", "title",
    "description", "severity", "urgency", "users_affected", "workflows_affected", "priority", "state", "steps_taken",
    "tests_run", "cause_kind", "cause", "contributing_factors", "workaround", "next_step", "resolution", "prevention",
    "escalations", "escalation_log", "communications", "confirmed", "rating", "feedback", "outcome", "closing_note",
    "tier", "assignee", "team", "policy", "reopened",
)  # fmt: skip
# A person's own; the rest of a row is text in which a person may be named, or figures.
PERSONAL = ("reporter", "contact", "account", "user_id")


@dataclass(frozen=True, slots=True)
class Logged:
    """A ticket with what the log tells of it: its timeline, and the name of its policy."""

    ticket: Ticket
    events: Sequence[TicketEvent] = ()
    policy: str = ""


def row(logged: Logged) -> dict[str, Cell]:
    """One row, by COLUMNS. Times are RFC 3339 UTC, `time_taken` is seconds; absent is None."""
    ticket, fields = logged.ticket, logged.ticket.fields
    record, survey, ask = ticket.root_cause, ticket.survey, ticket.ask
    reported = ticket.stamps.get("reported", ticket.opened_at)
    person = ticket.reporter or Reporter("")
    found: dict[str, Cell] = {
        "id": ticket.id,
        "date_reported": rfc3339(reported),
        "date_resolved": _moment(ticket.resolved_at),
        "time_taken": None if ticket.resolved_at is None else (ticket.resolved_at - reported) / _SECOND,
        "date_closed": _moment(ticket.closed_at),
        "reporter": person.name,
        "contact": ", ".join(each for each in (person.email, person.phone) if each),
        "account": person.account,
        "account_level": person.level,
        "user_id": person.user_id,
        "product_id": person.product_id,
        "users_affected": fields.get("users"),
        "workflows_affected": fields.get("workflows"),
        "cause_kind": (record.kind if record else "") or fields.get("cause"),
        "cause": (record.cause if record else "") or fields.get("cause_text"),
        "contributing_factors": "; ".join(record.factors) if record else None,
        "resolution": fields.get("resolution")
        or _said_at_the_end(logged.events)
        or (record.fix if record else None),
        "prevention": fields.get("prevention") or (record.prevention if record else None),
        "escalations": len(ticket.escalations),
        "escalation_log": "; ".join(
            f"{rfc3339(each.at)} tier {each.from_tier} to {each.to_tier}: {each.reason}"
            for each in ticket.escalations
        ),
        "communications": sum(not each.internal for each in logged.events),
        "confirmed": _answer(ask.satisfied) if ask else None,
        "rating": survey.overall if survey else None,
        "feedback": "; ".join(_feedback(ticket)),
        "policy": logged.policy,
    }
    plain = {name: getattr(ticket, name) for name in _SAME}
    told = {name: found.get(name, plain.get(name, fields.get(name))) for name in COLUMNS}
    return {name: None if cell == "" else cell for name, cell in told.items()}


_SAME = (
    "channel", "service", "check", "category", "title", "description", "severity", "priority", "state", "tier",
    "assignee", "team", "reopened",
)  # fmt: skip


def without_personal_data(told: Row, ticket: Ticket, clean: Callable[[str], str]) -> dict[str, Cell]:
    """The row with `***` for whose the ticket is, and texts without their data, contacts and secrets.

    `clean` takes out secrets. Of a ticket that nobody reported IP addresses stay: they are of what is watched.
    """
    person = ticket.reporter
    names = [name for name in (ticket.assignee,) if name]
    take_out = cleaner(Personal.of([person] if person else [], names), ips=person is not None)

    def masked(name: str, cell: Cell) -> Cell:
        if name in PERSONAL:
            return HIDDEN if cell else cell
        return take_out(clean(cell)) if isinstance(cell, str) and name not in _PLAIN else cell

    return {name: masked(name, cell) for name, cell in told.items()}


# Words of ours, ids and moments: nothing in them is anybody's.
_PLAIN = frozenset(
    {
        "id", "date_reported", "date_resolved", "date_closed", "channel", "account_level", "service", "check",
        "severity", "priority", "state", "team", "policy", "confirmed", "cause_kind",
    }
)  # fmt: skip


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as RFC 4180 has them, with a header; no cell is a formula for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for each in rows:
        writer.writerow([_defused(each[name]) for name in COLUMNS])
    return out.getvalue()


def _defused(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _answer(satisfied: bool | None) -> str | None:
    return None if satisfied is None else ("yes" if satisfied else "no")


def _feedback(ticket: Ticket) -> list[str]:
    said = [ticket.fields.get("feedback", "")]
    said += [ticket.ask.text] if ticket.ask else []
    said += [ticket.survey.comment] if ticket.survey else []
    return list(dict.fromkeys(each for each in said if each))


def _said_at_the_end(events: Sequence[TicketEvent]) -> str | None:
    """What a person wrote when they resolved it."""
    said = [each.text for each in events if each.what == Move.RESOLVE.value and each.by != "tocsin"]
    return said[-1] if said else None
