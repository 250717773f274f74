"""In what Jira Cloud and Jira Data Center differ; everything else is one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerting.connectors.document import Document
from alerting.connectors.markup import as_adf, as_wiki

# What goes on where this page ends: members of the next search's body, None after the last.
NextPage = Callable[[Mapping[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Flavour:
    """One of the two. `visibility_lag`: seconds until the search finds what was created.

    `text` reads a body that was written in either way; `properties`: whether a search gives entity properties, too.
    """

    name: str
    api: str
    search: str
    visibility_lag: float
    markup: Callable[[Document], Any]
    text: Callable[[Any], str]
    next_page: NextPage
    properties: bool


def text_of_adf(node: Any) -> str:
    """The text of a document of Cloud, its paragraphs on lines of their own."""
    if not isinstance(node, Mapping):
        return str(node or "")
    if node.get("type") == "hardBreak":
        return "\n"
    if node.get("type") in ("mention", "emoji", "date", "status", "inlineCard"):
        shown = node.get("attrs") or {}
        return str(shown.get("text") or shown.get("url") or shown.get("shortName") or "")
    inside = "".join(text_of_adf(each) for each in node.get("content") or ())
    whole = str(node.get("text", "")) + inside
    return f"{whole}\n" if node.get("type") in ("paragraph", "heading", "codeBlock") else whole


def _token(page: Mapping[str, Any]) -> dict[str, Any] | None:
    token = page.get("nextPageToken")
    return {"nextPageToken": token} if token and not page.get("isLast") else None


def _start(page: Mapping[str, Any]) -> dict[str, Any] | None:
    seen = int(page.get("startAt") or 0) + len(page.get("issues") or ())
    return {"startAt": seen} if page.get("issues") and seen < int(page.get("total") or 0) else None


FLAVOURS = {
    "cloud": Flavour("cloud", "/rest/api/3", "/search/jql", 45.0, as_adf, text_of_adf, _token, True),
    "dc": Flavour("dc", "/rest/api/2", "/search", 15.0, as_wiki, str, _start, False),
}
