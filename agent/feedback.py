"""What people did to a ticket in another helpdesk, on a draft: acknowledged, assigned, said, ended, opened again."""

from __future__ import annotations

from dataclasses import replace

from agent.desk.linking import open_children
from agent.desk.recording import lacking
from agent.desk.tickets import DAEMON, PersonsMove, move_ticket
from agent.memory import Draft
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState
from alerting.incidents.incident import IncidentState
from alerting.messages import Can, Observed, RemoteState, Todo, via
from alerting.outgoing import Outgoing, anew, parked, seen, waits
from checks.text import visible, visible_lines
from config.models import HelpdeskOptions

_ENDED = (RemoteState.RESOLVED, RemoteState.CLOSED, RemoteState.GONE)
_LONGEST_NAME, _LONGEST_REMARK, _MOST_REMARKS = 100, 4000, 50


def taken_in(
    draft: Draft, entry: Outgoing, told: tuple[Observed, Todo], policy: Policy, now: int
) -> Outgoing:
    """The entry with what was seen, and the ledger with what people did; `told` is that and what we had asked for."""
    observed, asked = told
    before = entry.observed
    entry = seen(entry, observed)
    ticket = draft.tickets.get(entry.ticket)
    if ticket is None:
        return entry
    _remarks(draft, entry, before, now)
    _acknowledged(draft, ticket, entry, before, now)
    if observed.state in _ENDED and ticket.is_open and asked.state is None and entry.desired.state == "open":
        return _ended(draft, ticket, entry, policy, now)
    was_over = before is not None and before.state in _ENDED
    if observed.state is RemoteState.OPEN and was_over and not ticket.is_open and asked.state != "open":
        _move(draft, entry, Move.REOPEN, now)
    return entry


class Policy:
    """What an operator said of tickets that are ended over there, and what can be done there."""

    def __init__(self, options: HelpdeskOptions, can: frozenset[Can]) -> None:
        self.on_close, self.can = options.on_remote_close, can


def _ended(draft: Draft, ticket: Ticket, entry: Outgoing, policy: Policy, now: int) -> Outgoing:
    """A person ended it while it is open here."""
    assert entry.observed is not None
    state, on_close = entry.observed.state, policy.on_close
    if not _lasts(draft, ticket.number):
        on_close = "respect"
    draft.tell(
        "outbox.ended_elsewhere",
        ticket=ticket.id,
        helpdesk=entry.helpdesk,
        by=_person(entry.observed.by),
        state=state,
        policy=on_close,
    )
    if on_close == "respect":
        if state is RemoteState.GONE:
            return parked(entry, "the ticket is gone over there")
        unfinished = lacking(draft, ticket) is not None or bool(open_children(draft, ticket))
        ticket_stays = state is RemoteState.RESOLVED or unfinished
        _move(draft, entry, Move.RESOLVE if ticket_stays else Move.CLOSE, now)
        return entry
    again = on_close == "reopen" and state is RemoteState.RESOLVED and Can.REOPEN in policy.can
    what = "it is opened again there" if again else "a new one is made there"
    text = f"{state} in {entry.helpdesk} while the problem lasts: {what}"
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, "remote_close", text))
    return waits(entry, now, text) if again else anew(entry, now)


def _lasts(draft: Draft, ticket: int) -> bool:
    """Whether the trouble that the ticket is for goes on."""
    mine = (each for each in draft.incidents.values() if each.ticket == ticket)
    return any(each.state is IncidentState.OPEN for each in mine)


def _acknowledged(draft: Draft, ticket: Ticket, entry: Outgoing, before: Observed | None, now: int) -> None:
    observed = entry.observed
    assert observed is not None
    assignee = _person(observed.assignee)
    changed = assignee is not None and (before is None or before.assignee != observed.assignee)
    if changed and ticket.is_open and ticket.assignee != assignee:
        ticket = replace(ticket, assignee=assignee, version=ticket.version + 1)
        draft.tickets.put(ticket.number, ticket)
        text = f"assigned to {assignee}"
        draft.events.append(TicketEvent(ticket.number, now, _by(entry), "assigned", text))
    if (observed.acknowledged or changed) and ticket.state is TicketState.NEW:
        _move(draft, entry, Move.ACK, now, assignee)


def _remarks(draft: Draft, entry: Outgoing, before: Observed | None, now: int) -> None:
    assert entry.observed is not None
    known = {each.id for each in before.remarks} if before is not None else set()
    fresh = [each for each in entry.observed.remarks if each.id not in known]
    for each in fresh[:_MOST_REMARKS]:
        by = via(_person(each.by), entry.helpdesk)
        text = visible_lines(each.text[:_LONGEST_REMARK], _LONGEST_REMARK)
        draft.events.append(TicketEvent(entry.ticket, each.at or now, by, "remark", text))


def _move(draft: Draft, entry: Outgoing, move: Move, now: int, by: str | None = None) -> None:
    who = via(by, entry.helpdesk) if by else _by(entry)
    after = {
        Move.RESOLVE: "resolved",
        Move.CLOSE: "closed",
        Move.REOPEN: "opened again",
        Move.ACK: "acknowledged",
    }
    note = f"{after[move]} in {entry.helpdesk}"
    move_ticket(draft, entry.ticket, PersonsMove(move, who, note), now)


def _by(entry: Outgoing) -> str:
    return via(_person(entry.observed.by if entry.observed else None), entry.helpdesk)


def _person(name: str | None) -> str | None:
    return visible(name, _LONGEST_NAME) if name else None
