"""Status page: text -> a JSON value or a feed, within bounds. Nothing in it is ever expanded or run."""

from __future__ import annotations

import json
import re

from checks.status_page.feed import parse_feed
from checks.status_page.unreadable import Unreadable

# A document of this many values is parsed in a few tens of milliseconds, and nobody else's check waits longer.
_MOST_VALUES = 300_000
_HTML = re.compile(r"<(!doctype\s+html|html|head|body|script)\b", re.IGNORECASE)
_CALLBACK = re.compile(r"(?:/\*\*/)?\s*[A-Za-z_$][\w.$]{0,100}\s*\(")
_WANTED = "give the address of its JSON or its feed, such as https://status.example.com/api/v2/summary.json"


def parse(text: str) -> object:
    """A JSON value (JSONP is unwrapped) or a Feed. Raises Unreadable with the remedy."""
    text = text.lstrip("\ufeff\0 \t\r\n")
    if not text:
        raise Unreadable("the answer is empty")
    if _HTML.match(text):
        raise Unreadable(f"the answer is a web page, no status document: {_WANTED}")
    return parse_feed(text) if text.startswith("<") else _json(_unwrapped(text))


def _json(text: str) -> object:
    if text.count(",") + text.count("[") + text.count("{") > _MOST_VALUES:
        raise Unreadable(f"the document holds more than {_MOST_VALUES} values")
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except RecursionError:
        raise Unreadable("the document is nested too deep") from None
    except ValueError:
        raise Unreadable(f"the answer is neither JSON nor a feed: {_WANTED}") from None


def _unwrapped(text: str) -> str:
    found = _CALLBACK.match(text)
    end = text.rfind(")")
    return text[found.end() : end] if found and end >= found.end() else text
