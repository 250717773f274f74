"""What people do to a ticket by form: each act with its fields, and when it can be done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.desk.field_words import LONGEST_TITLE
from agent.desk.life import LONGEST_NOTE
from agent.desk.notes import LONGEST
from alerting.desk.ticket import Move, Ticket, TicketState, moves_of

Kind = Literal["line", "text", "lines", "choice", "number", "ticket", "moment", "tick", "said"]
Part = Literal["first", "next", "talk", "more", "row"]
_REASON = 500


@dataclass(frozen=True, slots=True)
class Field:
    """One of a form. `choices` names a list of the page; `said` is yes or no, `lines` a list, a line each."""

    name: str
    label: str
    kind: Kind = "line"
    needed: bool = False
    choices: str = ""
    longest: int = LONGEST_TITLE


@dataclass(frozen=True, slots=True)
class Act:
    """`verb` is that of the desk, `fixed` are arguments that nobody fills in; `key` is its key on the keyboard.

    `part` is where it stands: buttons that need nothing, what changes the state, the conversation, all else; a `row`
    belongs to a line of a list. One that is not `versioned` overwrites nothing; one that `overwrites` begins with what
    is there, and is for that version alone, whatever an open page has heard of since.
    """

    name: str
    words: str
    verb: str
    part: Part
    can: Callable[[Ticket], bool]
    fields: tuple[Field, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    button: str = ""
    key: str = ""
    versioned: bool = True
    overwrites: bool = False


def _moves(move: Move) -> Callable[[Ticket], bool]:
    return lambda ticket: (
        move in moves_of(ticket.state) and (ticket.merged_into is None or move is not Move.REOPEN)
    )


def _open(ticket: Ticket) -> bool:
    return ticket.is_open


def _always(_ticket: Ticket) -> bool:
    return True


def _has_reporter(ticket: Ticket) -> bool:
    return ticket.reporter is not None and ticket.merged_into is None


def _is_answered(ticket: Ticket) -> bool:
    """Whether a reporter can say that it is mended, or is not."""
    return ticket.state is TicketState.RESOLVED and ticket.merged_into is None and ticket.reporter is not None


def _with_vendor(ticket: Ticket) -> bool:
    return ticket.is_open and ticket.vendor is not None and ticket.vendor.ended_at is None


def _goes_on(ticket: Ticket) -> bool:
    return ticket.merged_into is None


def _why(longest: int = LONGEST_NOTE) -> Field:
    return Field("note", "Why", "text", longest=longest)


_FIRST = (
    Act("take", "Take it", "take", "first", _open, key="t"),
    Act("ack", "Acknowledge", "ack", "first", _moves(Move.ACK), key="a"),
    Act("start", "Start", "start", "first", _moves(Move.START), key="s"),
    Act("verify", "Look at its checks now", "verify", "first", lambda each: bool(each.service), key="v"),
)
_NEXT = (
    Act("resolve", "Resolve", "resolve", "next", _moves(Move.RESOLVE), (
        Field("note", "What was done", "text", needed=True, longest=LONGEST_NOTE),
        Field("cause", "Sort of cause", "choice", choices="causes"),
        Field("cause_text", "What it was caused by", "text", longest=LONGEST),
    ), key="e"),
    Act("pend", "Wait", "pend", "next", _moves(Move.PEND), (
        _why(),
        Field("for", "Waits for", "choice", needed=True, choices="waits"),
        Field("until", "Look again at", "moment"),
    ), key="w"),
    Act("close", "Close", "close", "next", _moves(Move.CLOSE), (
        _why(), Field("with_children", "Its open parts are closed too", "tick"),
    )),
    Act("reopen", "Open again", "reopen", "next", _moves(Move.REOPEN), (_why(),)),
    Act("confirm", "The reporter says", "confirm", "next", _is_answered, (
        Field("satisfied", "It is mended", "said", needed=True),
        Field("text", "In their words", "text", longest=LONGEST_NOTE),
    ), button="Note down"),
    Act("assign", "Give to somebody", "assign", "next", _open, (
        Field("to", "Whom", "choice", needed=True, choices="people"), Field("note", "Why", longest=_REASON),
    ), button="Give", key="i"),
    Act("assign-team", "Give to a team", "assign", "next", _open, (
        Field("team", "Which", "choice", needed=True, choices="teams"), Field("note", "Why", longest=_REASON),
    ), button="Give to the team"),
    Act("priority", "Priority", "set", "next", _open, (
        Field("priority", "Priority", "choice", needed=True, choices="priorities"),
    ), button="Set", key="p"),
    Act("escalate", "Escalate", "escalate", "next", _open, (
        Field("reason", "Why", needed=True, longest=_REASON),
        Field("tier", "To tier", "number"),
        Field("actions", "Done so far", "text", longest=LONGEST),
    )),
    Act("de-escalate", "De-escalate", "de-escalate", "next", lambda each: each.is_open and each.tier > 1, (
        Field("reason", "Why", needed=True, longest=_REASON), Field("tier", "To tier", "number"),
    )),
)  # fmt: skip
_TALK = (
    Act("message", "Message: the reporter is told", "message", "talk", _has_reporter, (
        Field("text", "Message: the reporter is told", "text", needed=True, longest=LONGEST),
    ), button="Send", key="r", versioned=False),
    Act("reply", "The reporter said", "message", "talk", _has_reporter, (
        Field("text", "The reporter said, by phone for example", "text", needed=True, longest=LONGEST),
    ), {"from_reporter": True}, button="Note down", versioned=False),
    Act("note", "Note: the reporter never sees it", "note", "talk", _always, (
        Field("text", "Note: the reporter never sees it", "text", needed=True, longest=LONGEST),
    ), button="Note", key="n", versioned=False),
)  # fmt: skip
_MORE = (
    Act("follow-up", "Look again later", "follow_up", "more", _open, (
        Field("at", "When", "moment", needed=True), Field("reason", "What for", longest=_REASON),
    ), button="Remind"),
    Act("delay", "It takes longer", "delay", "more", _open, (
        Field("until", "Expected by", "moment", needed=True),
        Field("reason", "Why: reporter and manager are told", "text", needed=True, longest=LONGEST_NOTE),
    ), button="Tell"),
    Act("task", "Add a sub-task", "task", "more", _always, (
        Field("text", "What is to be done", needed=True, longest=LONGEST_NOTE),
        Field("owner", "By whom", "choice", choices="people"),
    ), {"action": "add"}, button="Add"),
    Act("watch", "Add a watcher", "watch", "more", _always, (
        Field("person", "Who (you, where nobody is named), or an address"),
    ), button="Watch"),
    Act("link", "Tie to another ticket", "link", "more", _always, (
        Field("relation", "This one is", "choice", needed=True, choices="relations"),
        Field("other", "Ticket, such as T-12", "ticket", needed=True),
    ), button="Tie"),
    Act("merge", "Merge into another ticket", "merge", "more", _goes_on, (
        Field("other", "Ticket that goes on, such as T-12", "ticket", needed=True),
    ), button="Merge: this one is closed"),
    Act("split", "Split off a part", "split", "more", _goes_on, (
        Field("title", "What the new ticket is about", needed=True),
        Field("description", "More of it", "text", longest=LONGEST),
        Field("lines", "Lines of the timeline that go along, by number", longest=LONGEST_TITLE),
    ), button="Split"),
    Act("vendor", "Hand to a vendor", "vendor", "more", _open, (
        Field("to", "Vendor", "choice", choices="vendors"),
        Field("expected", "Mended within, such as 2d"),
        Field("reference", "Their reference"),
    ), button="Hand over, or note what they said"),
    Act("vendor-done", "The vendor is done", "vendor", "more", _with_vendor, (), {"done": True}),
    Act("cause", "Record of the root cause", "rca", "more", _goes_on, (
        Field("cause", "Why it happened", "text", longest=LONGEST),
        Field("kind", "Sort of cause", "choice", choices="causes"),
        Field("segment", "Whom it touched: everybody, or some", longest=LONGEST_NOTE),
        Field("factors", "What contributed to it, a line each; they are added", "lines", longest=LONGEST),
        Field("fix", "What mended it", "text", longest=LONGEST),
        Field("prevention", "What keeps it from coming back", "text", longest=LONGEST),
        Field("actions", "What is left to be done, a line each, added: What;Who;2026-12-24", "lines", longest=LONGEST),
    ), button="Record", overwrites=True),
    Act("stamp", "A stage is reached", "stamp", "more", _goes_on, (
        Field("stage", "Stage", "choice", needed=True, choices="stages"),
    ), button="Note"),
)  # fmt: skip
_ROWS = (
    Act("unwatch", "Remove", "unwatch", "row", _always, (Field("person", "Who"),)),
    Act("unlink", "Untie", "unlink", "row", _always, (Field("other", "Ticket", "ticket"),)),
    Act("task-done", "Done", "task", "row", _always, (Field("number", "Which", "number"),), {"action": "done"}),
    Act("follow-up-done", "Done", "follow_up", "row", _open, (Field("number", "Which", "number"),), {"done": True}),
    Act("action-done", "Done", "rca", "row", _always, (Field("done", "Which", "number"),)),
)  # fmt: skip
ACTS: Mapping[str, Act] = {each.name: each for each in (*_FIRST, *_NEXT, *_TALK, *_MORE, *_ROWS)}


def offered(ticket: Ticket, mine: Collection[str], part: Part) -> list[Act]:
    """What can be done now by somebody of those names; who has it, and works on it, need not take it."""
    has = ticket.assignee in mine and ticket.state is not TicketState.NEW
    found = (each for each in ACTS.values() if each.part == part and each.can(ticket))
    return [each for each in found if not (has and each.name == "take")]
