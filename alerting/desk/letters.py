"""What the desk writes to people: short, with moments in their own zone, and to reporters nothing internal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alerting.desk.notices import Notice
from alerting.desk.ticket import Ticket, TicketState

_SECOND = 1_000_000
_FEW = 3
# What is still to be done by when, the stamp that says that it was, and how people call it.
_TO_BE = (
    ("acknowledge", "acknowledged", "acknowledged"),
    ("assign", "assigned", "assigned"),
    ("respond", "responded", "answered"),
    ("begin", "begun", "begun"),
    ("resolve", "resolved", "resolved"),
)
_SEEN_AS = {
    TicketState.NEW: "open",
    TicketState.ACKNOWLEDGED: "open",
    TicketState.IN_PROGRESS: "in progress",
    TicketState.PENDING: "waiting",
    TicketState.RESOLVED: "resolved",
    TicketState.CLOSED: "closed",
}
# Where the title was written by the reporter, or for them to read.
_OF_PEOPLE = frozenset({"web", "email", "api", "phone", "chat"})


def moment(at: int, zone: str) -> str:
    """`Tue 24 Nov 2026 10:05 (Africa/Johannesburg)`."""
    return f"{datetime.fromtimestamp(at // _SECOND, ZoneInfo(zone)):%a %d %b %Y %H:%M} ({zone})"


def subject(ticket: Ticket, said: str, *, reporter: bool) -> str:
    """What a mail about the ticket is called; a title that monitoring made is no reporter's to see."""
    return f"[{ticket.id}] {said or (public_title(ticket) if reporter else ticket.title)}"


def public_title(ticket: Ticket) -> str:
    return ticket.title if ticket.channel in _OF_PEOPLE else "your request"


def to_us(ticket: Ticket, text: str, zone: str) -> str:
    """To somebody who works on tickets: what and why, how it stands, and where to go on."""
    whose = f"assigned to {ticket.assignee}" if ticket.assignee else "assigned to nobody"
    state = ticket.state.value.replace("_", " ")
    lines = [
        text,
        "",
        f"{ticket.id}  {ticket.title}",
        f"Priority {ticket.priority}, {state}, tier {ticket.tier}, {whose}",
        *([f"Service {ticket.service}"] if ticket.service else []),
        *(f"To be {word} by {moment(at, zone)}" for word, at in left_to_do(ticket)),
        "",
        f"Look at it:  tocsin tickets show {ticket.id}",
    ]
    return "\n".join(lines)


def to_reporter(ticket: Ticket, text: str, name: str) -> str:
    """To who reported it, or watches it and is none of us: nothing of the text comes from inside but what whoever tells
    it has written for them.
    """
    hello = f"Hello {name},\n\n" if name and "@" not in name else ""
    return (
        f"{hello}{text}\n\nYour ticket: {ticket.id}  {public_title(ticket)}\nState: {_SEEN_AS[ticket.state]}"
    )


def left_to_do(ticket: Ticket) -> list[tuple[str, int]]:
    """What is still to be done, with its moments, in the order of these."""
    if not ticket.is_open:
        return []
    due = ticket.sure_due
    done = {*ticket.stamps, *(["acknowledged"] if ticket.acknowledged_at is not None else [])}
    found = [(word, due[name]) for name, stamp, word in _TO_BE if name in due and stamp not in done]
    return sorted(found, key=lambda each: each[1])


def acknowledgement(ticket: Ticket, zone: str) -> str:
    """The first word to a reporter: the number, and when to expect what."""
    lines = [f"We have received your request. Its number is {ticket.id}."]
    answer, end = ticket.due.get("respond"), ticket.due.get("resolve")
    if answer is not None and "responded" not in ticket.stamps:
        lines.append(f"Expected response: by {moment(answer, zone)}")
    if end is not None:
        lines.append(f"Expected resolution: by {moment(end, zone)}")
    lines += [
        "",
        f"There is nothing that you need to do now. Please name {ticket.id} whenever you ask about it.",
    ]
    return "\n".join(lines)


def resolved(ticket: Ticket, done: str = "", link: str = "") -> str:
    """That it is resolved, and the question whether it is so."""
    lines = [f"Your request {ticket.id} is resolved."]
    if done:
        lines += ["", "What was done:", done]
    if link:
        lines += ["", "Is it solved for you? Please tell us here:", link]
    return "\n".join(lines)


def reopened(ticket: Ticket, zone: str) -> str:
    """That the work goes on."""
    end = ticket.due.get("resolve")
    until = f"\nExpected resolution: by {moment(end, zone)}" if end is not None else ""
    return f"Your request {ticket.id} is open again: we go on working on it.{until}"


def looked_at_again(ticket: Ticket) -> str:
    """What a reporter hears of an escalation, where the policy tells them at all."""
    return f"We have looked at your request {ticket.id} again, and go on working on it."


def closed(ticket: Ticket, why: str = "") -> str:
    """The last word."""
    return f"Your request {ticket.id} is closed{f': {why}' if why else ''}."


def together(notices: Sequence[Notice]) -> tuple[str, str]:
    """Many notices to one person as one message: its subject and its text, nothing of any left out."""
    numbers = list(dict.fromkeys(f"T-{each.ticket}" for each in notices))
    named = ", ".join(numbers[:_FEW]) + (f" and {len(numbers) - _FEW} more" if len(numbers) > _FEW else "")
    parts = [f"== {each.subject} ==\n\n{each.text}" for each in notices]
    return f"[{named}] {len(notices)} messages", "\n\n\n".join(parts)
