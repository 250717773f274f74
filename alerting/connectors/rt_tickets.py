"""What Request Tracker shows of a ticket, read, and what is sent to it, made. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import Document, bytes_of, described, fitted, marks_in, one_line
from alerting.connectors.markup import plain, tame
from alerting.connectors.moments import moment
from alerting.connectors.rt import MEMBERS, RtOptions
from alerting.messages import Desired, Observed, Remark, RemoteState

MOST_TEXT, MOST_TITLE = 30_000, 200
KEYS_BEGIN = "toc-"
_NOBODY, _SYSTEM = "Nobody", "RT_System"
_TALK = ("Create", "Comment", "Correspond")
_LONGEST_TEXT = 1024 * 1024
_MOST_REMARKS = 100
_LENGTH = re.compile(r"^Content-Length:\s*([0-9]{1,12})", re.IGNORECASE | re.MULTILINE)
_BREAK, _TAG = re.compile(r"<(?:br|/p|/div|/li)\b[^>]*>", re.IGNORECASE), re.compile(r"<[^>]*>")
_USUAL = {"critical": "100", "high": "75", "medium": "50", "low": "25", "informational": "0"}
_ACTIVE, _ENDED = frozenset({"new", "open", "stalled"}), frozenset({"resolved", "rejected"})
Ticket = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A text: the marks that it carries, and what of it is taken in as a remark."""

    marks: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """What was said, with the transaction that it was said by."""

    act: Mapping[str, Any]
    said: Said


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket with what was done to it and said. `state` is how it stands; `former` are the numbers of those that
    were merged into it, ours first.
    """

    ticket: Ticket
    state: RemoteState
    acts: Sequence[Mapping[str, Any]] = ()
    parts: Sequence[Part] = ()
    former: tuple[str, ...] = ()


def observed(options: RtOptions, me: str, story: Story, memo: Mapping[str, Any]) -> Observed:
    """The ticket as it stands. `me` is our user's name, empty where nobody tells; `memo` what was kept of it.

    Its `unseen` are comments of ours that RT took and does not show: they are not sent again.
    """
    ticket, former = story.ticket, story.former
    owner = name_of(ticket.get("Owner"))
    has_it = owner not in ("", _NOBODY, me, memo.get("given"))
    merged = bool(former) and story.state is RemoteState.OPEN
    moves = [each for each in story.acts if each.get("Type") == "Status"]
    since = int(memo.get("since") or moment(ticket.get("Created")))
    marks = [mark for part in story.parts for mark in _marks(part, me)]
    unseen = [each for each in memo.get("unseen") or () if each not in marks]
    return Observed(
        id=str(ticket["id"]),
        state=RemoteState.MERGED if merged else story.state,
        url=f"{options.url}/Ticket/Display.html?id={ticket['id']}",
        key=None if former else key_of(ticket, options.key_field),
        priority=str(ticket.get("Priority") or ""),
        acknowledged=has_it or ticket.get("Status") == "stalled" or _is_taken(moves, me),
        assignee=owner if has_it else None,
        by=name_of(moves[-1].get("Creator")) if moves else None,
        comments=(*marks, *unseen),
        remarks=tuple(_remarks(story.parts, me, since))[-_MOST_REMARKS:],
        memo={"given": memo.get("given"), "since": since, "former": list(former), "unseen": unseen},
    )


def state_of(options: RtOptions, ticket: Ticket) -> RemoteState | None:
    """How it stands; None where only its lifecycle knows."""
    status = str(ticket.get("Status"))
    if status == "deleted":
        return RemoteState.GONE
    if status in _ENDED or status == options.resolved_status:
        return RemoteState.RESOLVED
    return RemoteState.OPEN if status in _ACTIVE or status == options.open_status else None


def key_of(ticket: Ticket, field: str) -> str | None:
    """The key that the ticket carries."""
    return next((str(each) for each in values_of(ticket, field) if each), None)


def values_of(ticket: Ticket, field: str) -> Sequence[Any]:
    """What a custom field of the ticket holds."""
    for each in ticket.get("CustomFields") or ():
        if each.get("name") == field:
            return each.get("values") or ()
    return ()


def name_of(user: Any) -> str:
    return str(user.get("id") or "") if isinstance(user, Mapping) else ""


def is_told(attachment: Mapping[str, Any], acts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether it is a text that somebody said: no file, no mail that RT sent about it."""
    act = acts.get(str(attachment.get("TransactionId")), {})
    is_text = attachment.get("ContentType") in ("text/plain", "text/html") and not attachment.get("Filename")
    length = _LENGTH.search(str(attachment.get("Headers") or ""))
    return act.get("Type") in _TALK and is_text and int(length[1] if length else 0) <= _LONGEST_TEXT


def said_in(text: str, *, is_html: bool) -> Said:
    bare = html.unescape(_TAG.sub("", _BREAK.sub("\n", text))) if is_html else text
    return Said(marks_in(bare), bare.strip()[:LONGEST_REMARK])


def ticket_body(options: RtOptions, desired: Desired) -> dict[str, Any]:
    """A new ticket, with the key in its field."""
    given = options.filled(desired)
    body: dict[str, Any] = {
        **{name: value for name, value in given.items() if name in MEMBERS},
        "Queue": options.queue,
        "Subject": one_line(desired.title, MOST_TITLE),
        "Content": text_of(described(desired)),
        "ContentType": "text/plain",
        "CustomFields": {**_custom(given), options.key_field: desired.key},
    }
    if priority := priority_of(options, desired.priority):
        body["Priority"] = priority
    if options.requester is not None:
        body["Requestor"] = [options.requester]
    if desired.follows is not None and desired.follows.isdecimal():
        body["RefersTo"] = [desired.follows]
    return body


def not_taken(options: RtOptions, desired: Desired, ticket: Ticket) -> list[str]:
    """Custom fields that a new ticket was given and does not have: RT leaves out what it does not know."""
    lost = [
        name
        for name, value in _custom(options.filled(desired)).items()
        if value and not values_of(ticket, name)
    ]
    return [*([] if key_of(ticket, options.key_field) == desired.key else [options.key_field]), *lost]


def text_of(document: Document) -> str:
    """As much of a document as is taken, as plain text."""
    return fitted(document, lambda of: tame(plain(of)), bytes_of, MOST_TEXT)


def priority_of(options: RtOptions, priority: str) -> str:
    """The number that it is there; empty where it is not to be set."""
    return options.priorities.get(priority, _USUAL.get(priority, "50"))


def _custom(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in MEMBERS}


def _is_taken(moves: Sequence[Mapping[str, Any]], me: str) -> bool:
    """Whether a person began to work on it."""
    last = moves[-1] if moves else {}
    is_begun = (last.get("OldValue"), last.get("NewValue")) == ("new", "open")
    return is_begun and name_of(last.get("Creator")) not in (_SYSTEM, me)


def _by_us(part: Part, me: str) -> bool:
    return not me or name_of(part.act.get("Creator")) == me


def _marks(part: Part, me: str) -> Iterable[str]:
    """The ids of ours that it is; a person who quotes one of ours says something of their own."""
    found = part.said.marks if _by_us(part, me) else ()
    return (each for each in found if not each.startswith(KEYS_BEGIN))


def _remarks(parts: Iterable[Part], me: str, since: int) -> Iterable[Remark]:
    """One for a transaction, though it may hold its text twice: plain, and as HTML."""
    done: set[str] = set()
    for part in parts:
        number, at = str(part.act["id"]), moment(part.act.get("Created"))
        is_ours = _by_us(part, me) and part.said.marks
        if part.act.get("Type") == "Create" or is_ours or at < since or number in done or not part.said.text:
            continue
        done.add(number)
        yield Remark(number, at, name_of(part.act.get("Creator")) or "somebody", part.said.text)
