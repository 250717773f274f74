"""Adaptive Cards 1.5 of tickets and their changes, as Teams Workflows take them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from alerting.connectors.document import (
    Document,
    Facts,
    Part,
    Quoted,
    Small,
    Text,
    described,
    fitted,
    mark,
    one_line,
    parts_of,
)
from alerting.connectors.markup import tame
from alerting.messages import Desired, Todo

# Teams counts 28 672 bytes after writing the card anew in a way of its own, which may take more than ours.
MOST_BYTES = 20_000
_COLOURS = {"critical": "attention", "high": "attention", "medium": "warning", "low": "accent"}
_MARKDOWN = re.compile(r"([\\`*_\[\]()#+!~>-])")
Card = Mapping[str, Any]


def cards(desired: Desired, work: Todo) -> Iterator[tuple[str, Card]]:
    """What is to be posted, in order, each with the id of the comment that it tells (empty for none)."""
    if work.create:
        yield "", _fitted("attention", f"Open: {desired.title}", described(desired), desired)
    for comment in work.comments:
        yield comment.id, _fitted("default", desired.title, parts_of(comment.text), desired)
    if work.priority is not None:
        said = Text(f"Priority is {desired.priority} now, severity {desired.severity}.")
        yield "", _fitted(_COLOURS[desired.severity], desired.title, (said,), desired)
    if work.state is not None:
        over = work.state == "resolved"
        title = f"{'Resolved' if over else 'Open again'}: {desired.title}"
        yield "", _fitted("good" if over else "attention", title, (), desired)


def size(card: Card) -> int:
    """Bytes of the card, however it is written: a mark outside ASCII may take six."""
    return len(json.dumps(card).encode())


def _fitted(colour: str, title: str, document: Document, desired: Desired) -> Card:
    ended = (
        document if document and isinstance(document[-1], Small) else (*document, Small(mark(desired.key)))
    )
    head = {
        "type": "TextBlock",
        "text": _words(one_line(title, 400)),
        "weight": "bolder",
        "size": "medium",
        "color": colour,
        "wrap": True,
    }
    return fitted(ended, lambda parts: _message([head, *map(_block, parts)]), size, MOST_BYTES)


def _message(blocks: list[dict[str, Any]]) -> Card:
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": blocks,
    }
    attached = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": content,
    }
    return {"type": "message", "attachments": [attached]}


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Facts(pairs):
            facts = [
                {"title": _words(one_line(n, 100)), "value": _words(one_line(v, 300))} for n, v in pairs[:20]
            ]
            return {"type": "FactSet", "facts": facts}
        case Quoted(text):
            return {
                "type": "TextBlock",
                "text": _words(text),
                "wrap": True,
                "fontType": "monospace",
                "size": "small",
            }
        case Small(text):
            return {
                "type": "TextBlock",
                "text": _words(text),
                "isSubtle": True,
                "size": "small",
                "wrap": True,
            }
        case Text(text):
            return {"type": "TextBlock", "text": _words(text), "wrap": True}


def _words(text: str) -> str:
    """Cards read a little Markdown, and <at>…</at> as a mention; two ends of line make one that is seen."""
    plain = tame(text).replace("<", "\u2039").replace("{{", "{\u2060{")
    return _MARKDOWN.sub(r"\\\1", plain).replace("\n", "\n\n")
