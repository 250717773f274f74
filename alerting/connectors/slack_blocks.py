"""A ticket as a message of Slack, a comment as a reply to it, and what is read from both. Pure.

Texts stand in rich text, where nothing is markup or a mention; the plain text beside it, for notifications, is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import (
    Document,
    Facts,
    Part,
    Quoted,
    Small,
    Text,
    cut,
    described,
    fitted,
    mark,
    marks_in,
    one_line,
    parts_of,
    remarked,
)
from alerting.connectors.markup import tame
from alerting.messages import Comment, Desired, Remark, Todo

TICKET, REPLY = "tocsin_ticket", "tocsin_comment"
MOST_BYTES = 12_000
_LONGEST_TEXT, _LONGEST_TITLE, _LONGEST_FACT, _MOST_FACTS = 2900, 500, 300, 25
_PEOPLE = (None, "thread_broadcast", "file_share", "me_message")
_MOST_REMARKS = 100
Message = Mapping[str, Any]


def ticket(desired: Desired, agent: str) -> dict[str, Any]:
    """The message as the ticket stands; its metadata are what it is found and read by."""
    over = desired.state == "resolved"
    title = (
        f"{'Resolved' if over else 'Open'} ({desired.priority}): {one_line(desired.title, _LONGEST_TITLE)}"
    )
    emoji = "large_green_circle" if over else "red_circle"
    payload = {
        "key": desired.key,
        "state": desired.state,
        "priority": desired.priority,
        "ticket": desired.ticket,
        "agent": agent,
    }
    made = _message(emoji, title, described(desired))
    return {**made, "metadata": {"event_type": TICKET, "event_payload": payload}}


def twin(observed: Mapping[str, Any], kept: str) -> dict[str, Any]:
    """What a message becomes in whose place another goes on; `observed` is its metadata's payload."""
    key = str(observed.get("key"))
    made = _message("white_circle", "Sent twice", (Text(f"It goes on here: {kept}"), Small(mark(key))))
    payload = {**observed, "state": "resolved"}
    return {**made, "metadata": {"event_type": TICKET, "event_payload": payload}}


def reply(comment: Comment) -> dict[str, Any]:
    """A comment, for the thread of its ticket."""
    made = _message("", one_line(comment.text, _LONGEST_FACT), remarked(comment), headed=False)
    return {**made, "metadata": {"event_type": REPLY, "event_payload": {"id": comment.id}}}


def posts(desired: Desired, work: Todo) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a webhook is told, in order, each with the id of the comment that it tells (empty for none)."""
    title = one_line(desired.title, _LONGEST_TITLE)
    key = Small(mark(desired.key))
    if work.create:
        yield "", _message("red_circle", f"Open ({desired.priority}): {title}", described(desired))
    for comment in work.comments:
        yield comment.id, _message("", title, (*parts_of(comment.text), key))
    if work.priority is not None:
        said = Text(f"Priority is {desired.priority} now, severity {desired.severity}.")
        yield "", _message("", title, (said, key))
    if work.state is not None:
        over = work.state == "resolved"
        emoji = "large_green_circle" if over else "red_circle"
        yield "", _message(emoji, f"{'Resolved' if over else 'Open again'}: {title}", (key,))


def escaped(text: str) -> str:
    """Text of Slack's own format in which nothing leads anywhere and nobody is mentioned."""
    return tame(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def payload(message: Message) -> Mapping[str, Any] | None:
    """What the metadata say of a ticket; None where they are not shown, or of another sort."""
    data = message.get("metadata")
    if not isinstance(data, dict) or data.get("event_type") != TICKET:
        return None
    found = data.get("event_payload")
    return found if isinstance(found, dict) else None


def marks(message: Message) -> tuple[str, ...]:
    """The keys and ids that stand in its text."""
    return marks_in(json.dumps(message.get("blocks") or message.get("text") or ""))


def remarks(messages: Sequence[Message]) -> tuple[Remark, ...]:
    """What people wrote in a thread."""
    said = [
        Remark(str(each["ts"]), moment(str(each["ts"])), str(each["user"]), _unescaped(str(each["text"])))
        for each in messages
        if each.get("text") and each.get("user") and not each.get("bot_id") and each.get("subtype") in _PEOPLE
    ]
    return tuple(said[-_MOST_REMARKS:])


def moment(ts: str) -> int:
    """Microseconds UTC; 0 for what is no moment."""
    seconds, _, rest = ts.partition(".")
    return int(seconds + rest[:6].ljust(6, "0")) if (seconds + rest).isdecimal() and ts.isascii() else 0


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")[:LONGEST_REMARK]


def _message(emoji: str, title: str, document: Document, *, headed: bool = True) -> dict[str, Any]:
    head: list[dict[str, Any]] = [{"type": "text", "text": title, "style": {"bold": True}}]
    if emoji:
        head = [{"type": "emoji", "name": emoji}, {"type": "text", "text": " "}, *head]
    heading = [_section(head)] if headed else []
    blocks = fitted(document, lambda parts: _blocks(heading, parts), _size, MOST_BYTES)
    return {"text": escaped(title), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _blocks(heading: list[dict[str, Any]], parts: Document) -> list[dict[str, Any]]:
    body = [element for part in parts if not isinstance(part, Small) for element in _elements(part)]
    small = [
        {"type": "plain_text", "text": each.text, "emoji": False} for each in parts if isinstance(each, Small)
    ]
    said = [*heading, *body]
    blocks: list[dict[str, Any]] = [{"type": "rich_text", "elements": said}] if said else []
    return [*blocks, {"type": "context", "elements": small}] if small else blocks


def _elements(part: Part) -> Iterator[dict[str, Any]]:
    match part:
        case Facts(pairs):
            items = [
                _section(
                    [
                        {"type": "text", "text": f"{one_line(name, 100)}: ", "style": {"bold": True}},
                        {"type": "text", "text": one_line(value, _LONGEST_FACT) or "-"},
                    ]
                )
                for name, value in pairs[:_MOST_FACTS]
            ]
            if items:
                yield {"type": "rich_text_list", "style": "bullet", "elements": items}
        case Quoted(text):
            yield {"type": "rich_text_preformatted", "elements": _words(text)}
        case Text(text) | Small(text):
            yield _section(_words(f"{text}\n"))


def _section(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": elements}


def _words(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": cut(text, _LONGEST_TEXT)}]


def _size(blocks: list[dict[str, Any]]) -> int:
    """Bytes as they are sent: a mark outside ASCII takes six."""
    return len(json.dumps(blocks))
