"""Text from outside, made safe to show: one short line with every invisible mark visible."""

from __future__ import annotations

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control, format (bidi, zero width, BOM, soft hyphen, tags), lone surrogate, private use, unassigned,
# line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks by category that still draw nothing: fillers and variation selectors.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))


def visible(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters, cut with `…`, safe for terminals, logs and tickets.

    Marks that would break the line, steer a terminal or hide are written as escapes (`\\n`, `\\x1b`,
    `\\u202e`); unusual spaces become plain ones. The escapes are for reading: a backslash in the text stays
    a single one, so nothing can be parsed back from the result.
    """
    if text.isascii() and text.isprintable():  # nearly all text: nothing in it to change
        return text if len(text) <= limit else _cut([*text[: max(limit, 0)]], limit)
    shown: list[str] = []
    room = limit
    for mark in text:
        piece = _piece(mark)
        if len(piece) > room:
            return _cut(shown, limit)
        shown.append(piece)
        room -= len(piece)
    return "".join(shown)


def visible_lines(text: str, limit: int) -> str:
    """The same of several lines, each by itself: tabs, and the ends of lines, stay as they are."""
    lines = (line.removesuffix("\r").split("\t") for line in text.split("\n"))
    ends = ("\r" * line.endswith("\r") for line in text.split("\n"))
    shown = ("\t".join(visible(part, limit) for part in line) for line in lines)
    return "\n".join(line + end for line, end in zip(shown, ends, strict=True))


def _cut(shown: list[str], limit: int) -> str:
    while shown and sum(map(len, shown)) > limit - 1:
        shown.pop()
    return "".join([*shown, "…"])[: max(limit, 0)]


def _piece(mark: str) -> str:
    if " " <= mark <= "~":
        return mark
    if mark in _SHORT:
        return _SHORT[mark]
    category = unicodedata.category(mark)
    if category == "Zs":
        return " "
    if category in _HIDDEN or mark in _BLANK or _is_variation_selector(mark):
        return _escape(ord(mark))
    return mark


def _is_variation_selector(mark: str) -> bool:
    return any(low <= mark <= high for low, high in _SELECTORS)


def _escape(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
