"""A document in the markups of helpdesks. No text of it can begin markup, mention a person or give a quick action."""

from __future__ import annotations

import html
import re
from typing import Any

from alerting.connectors.document import Document, Facts, Part, Quoted, Small, Text

# Between the marks of a mention, and before a word that begins a quick action; it draws nothing.
_JOINER = "\u2060"
_MENTION = re.compile(r"(?<![\w/])@(?=[\w\[(])")
_REFERENCE = re.compile(r"(?<![\w&/])([#!])(?=\d)")
_QUICK_ACTION = re.compile(r"^(\s*)/(?=[a-z])", re.MULTILINE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$&])")
_WIKI = re.compile(r"([\\*_{}\[\]^~|!?+\-#])")
_TEXTILE = re.compile(r"[*_@+^~?|!#%{}\[\]<>=\-]")
_FENCE = re.compile(r"`{3,}|~{3,}")


def tame(text: str) -> str:
    """The text in which no @name reaches a person, no #1 leads anywhere, and no line is a command."""
    text = _MENTION.sub(f"@{_JOINER}", text)
    text = _REFERENCE.sub(rf"\1{_JOINER}", text)
    return _QUICK_ACTION.sub(rf"\1{_JOINER}/", text)


def plain(document: Document) -> str:
    """Text as it stands: for helpdesks that show it so."""
    return "\n\n".join(_plain(part) for part in document)


def as_html(document: Document) -> str:
    """HTML of the simplest elements; everything in it escaped."""
    return "\n".join(_html(part) for part in document)


def as_markdown(document: Document) -> str:
    """CommonMark as GitHub and GitLab read it."""
    return "\n\n".join(_markdown(part) for part in document)


def as_wiki(document: Document) -> str:
    """The markup of Jira Data Center."""
    return "\n\n".join(_wiki(part) for part in document)


def as_textile(document: Document) -> str:
    """The markup of Redmine, where it is set to Textile."""
    return "\n\n".join(_textile(part) for part in document)


def as_adf(document: Document) -> dict[str, Any]:
    """Atlassian's document format, of Jira Cloud: text in it is never markup."""
    return {"version": 1, "type": "doc", "content": [node for part in document for node in _adf(part)]}


def _plain(part: Part) -> str:
    match part:
        case Facts(pairs):
            return "\n".join(f"{name}: {value}" for name, value in pairs)
        case Quoted(text):
            return "\n".join(f"    {line}" for line in text.split("\n"))
        case Text(text) | Small(text):
            return text


def _html(part: Part) -> str:
    match part:
        case Facts(pairs):
            lines = (f"<li><b>{html.escape(name)}:</b> {html.escape(value)}</li>" for name, value in pairs)
            return f"<ul>{''.join(lines)}</ul>"
        case Quoted(text):
            return f"<pre>{html.escape(text)}</pre>"
        case Small(text):
            return f"<p><small>{html.escape(text)}</small></p>"
        case Text(text):
            return f"<p>{html.escape(text).replace(chr(10), '<br>')}</p>"


def _markdown(part: Part) -> str:
    match part:
        case Facts(pairs):
            return "\n".join(f"- **{_escaped(name)}:** {_escaped(value)}" for name, value in pairs)
        case Quoted(text):
            longest = max((len(found) for found in _FENCE.findall(text)), default=2)
            fence = "`" * (longest + 1)
            return f"{fence}text\n{text}\n{fence}"
        case Small(text):
            return f"<!-- {text.replace('--', '- -')} -->"
        case Text(text):
            # Two blanks at its end make a line one of its own.
            return "  \n".join(_escaped(line) for line in text.split("\n"))


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", tame(text))


def _wiki(part: Part) -> str:
    match part:
        case Facts(pairs):
            return "\n".join(f"* *{_wikied(name)}:* {_wikied(value)}" for name, value in pairs)
        case Quoted(text):
            return f"{{noformat}}\n{text.replace('{noformat}', '{ noformat}')}\n{{noformat}}"
        case Text(text) | Small(text):
            return "\n".join(_wikied(line) for line in text.split("\n"))


def _wikied(text: str) -> str:
    return _WIKI.sub(r"\\\1", tame(text))


def _textile(part: Part) -> str:
    match part:
        case Facts(pairs):
            return "\n".join(f"* {_raw(name)}: {_raw(value)}" for name, value in pairs)
        case Quoted(text):
            return f"<pre>{html.escape(text, quote=False)}</pre>"
        case Text(text) | Small(text):
            return "\n".join(_raw(line) for line in text.split("\n"))


def _raw(text: str) -> str:
    """Text that Textile leaves alone; only where there is a mark at all, for `notextile` is ugly in mails."""
    text = tame(text)
    if not _TEXTILE.search(text):
        return text
    return f"<notextile>{html.escape(text, quote=False)}</notextile>"


def _adf(part: Part) -> list[dict[str, Any]]:
    match part:
        case Facts(pairs):
            items = [
                {
                    "type": "listItem",
                    "content": [_paragraph([_strong(f"{name}: "), *_words(value)])],
                }
                for name, value in pairs
            ]
            return [{"type": "bulletList", "content": items}] if items else []
        case Quoted(text):
            return [{"type": "codeBlock", "content": _words(text)}]
        case Text(text) | Small(text):
            nodes: list[dict[str, Any]] = []
            for line in text.split("\n"):
                nodes += [*([{"type": "hardBreak"}] if nodes else []), *_words(line)]
            return [_paragraph(nodes)]


def _paragraph(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "paragraph", "content": nodes}


def _words(text: str) -> list[dict[str, Any]]:
    """None for an empty text: Jira refuses empty nodes."""
    return [{"type": "text", "text": text}] if text else []


def _strong(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "marks": [{"type": "strong"}]}
