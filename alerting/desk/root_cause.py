"""Root cause records: which tickets are closed with one only, what it must hold, and what is put into it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from alerting.desk.fields import CAUSES
from alerting.desk.parts import Action, RootCause
from alerting.desk.ticket import Ticket
from config.policies import Policy, Term
from config.units import DAY

# What a complete record says; actions are there only where something is left to be done.
NEEDED = ("cause", "factors", "fix", "prevention")
_SECOND = 1_000_000
_MOST = 50
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person adds to a record: texts stand instead of those before, factors and actions beside them.

    `done` is the place of an action, from 1, that is done.
    """

    cause: str = ""
    kind: str = ""
    segment: str = ""
    fix: str = ""
    prevention: str = ""
    factors: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    done: int | None = None


def lacks_root_cause(ticket: Ticket, policy: Policy) -> str | None:
    """Why the ticket is not to be closed yet: it needs a record, and what that lacks; None when it may be."""
    why = _needs(ticket, policy)
    missing = missing_from(ticket.root_cause)
    if why is None or not missing:
        return None
    return (
        f"{ticket.id} {why}, and is closed with a record of its root cause only: {', '.join(missing)} missing"
    )


def needs_root_cause(ticket: Ticket, policy: Policy) -> bool:
    """Whether it is one of those that are closed with a record only."""
    return _needs(ticket, policy) is not None


def missing_from(record: RootCause | None) -> tuple[str, ...]:
    """What a record still has to say."""
    return tuple(name for name in NEEDED if record is None or not getattr(record, name))


def _needs(ticket: Ticket, policy: Policy) -> str | None:
    if ticket.test or ticket.merged_into is not None:
        return None
    if ticket.severity in policy.root_cause.severity:
        return f"is {ticket.severity}"
    term = policy.root_cause.recurring
    if term is None:
        return None
    if ticket.came_back:
        return "came back after it was closed"
    before = ticket.earlier
    if before is not None and ticket.opened_at - before.at <= _length(term):
        return f"came back after T-{before.ticket}"
    return None


def _length(term: Term) -> int:
    """In microseconds; of business days each counts as a day, for this is about months and not about hours."""
    return round((term.seconds + term.business_days * DAY) * _SECOND)


def action_of(text: str) -> Action:
    """`TEXT;OWNER;2026-12-24` as an action. Raises ValueError, saying what is wrong."""
    parts = [part.strip() for part in text.rsplit(";", 2)]
    if len(parts) != 3 or not all(parts):
        raise ValueError(
            f'expected TEXT;OWNER;DATE, such as "Renew earlier;Agent One;2026-12-24", got "{text}"'
        )
    said, owner, due = parts
    if _day(due) is None:
        raise ValueError(f'expected a day such as 2026-12-24, got "{due}"')
    return Action(said, owner, due)


def recorded(before: RootCause | None, said: Said, by: str, now: int) -> RootCause:
    """The record with what was said. Raises ValueError, saying what cannot be."""
    base = before or RootCause(now, by, "")
    if said.kind and said.kind not in CAUSES:
        raise ValueError(f'unknown kind "{said.kind}" (known: {", ".join(CAUSES)})')
    factors = tuple(dict.fromkeys((*base.factors, *said.factors)))
    actions = _with_done(_joined(base.actions, said.actions), said.done)
    if len(factors) > _MOST or len(actions) > _MOST:
        raise ValueError(f"at most {_MOST} factors, and as many actions")
    texts = {name: getattr(said, name) or getattr(base, name) for name in _TEXTS}
    return replace(base, at=now, by=by, factors=factors, actions=actions, **texts)


_TEXTS = ("cause", "kind", "segment", "fix", "prevention")


def _joined(before: tuple[Action, ...], more: tuple[Action, ...]) -> tuple[Action, ...]:
    """The same deed again has a new owner or day, and stays where it stands."""
    by_text = {each.text: each for each in before}
    for each in more:
        known = by_text.get(each.text)
        by_text[each.text] = each if known is None else replace(known, owner=each.owner, due=each.due)
    return tuple(by_text.values())


def _with_done(actions: tuple[Action, ...], place: int | None) -> tuple[Action, ...]:
    if place is None:
        return actions
    if not 1 <= place <= len(actions):
        known = f"there are {len(actions)}" if actions else "there are none"
        raise ValueError(f"no action {place} ({known})")
    return (*actions[: place - 1], replace(actions[place - 1], done=True), *actions[place:])


def open_actions(ticket: Ticket) -> Iterator[tuple[int, Action]]:
    """What is still to be done, each with its place from 1."""
    for place, action in enumerate(ticket.root_cause.actions if ticket.root_cause else (), 1):
        if not action.done:
            yield place, action


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in _YEARS and text == day.isoformat() else None
