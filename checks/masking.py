"""Evidence without secrets or personal data: what must not travel in a ticket becomes `***`."""

from __future__ import annotations

import re

from config.secrets import HIDDEN, mask

# Applied to at most a few kilobytes of text; each pattern is bounded, so that none can backtrack far.
_PATTERNS = (
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,2000}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,2000}\.[A-Za-z0-9_-]{5,2000}(?:\.[A-Za-z0-9_-]{0,2000})?"),
    re.compile(r"(?i)\b(?:[a-z0-9_-]{0,20}(?:api[_-]?key|token|secret|passw(?:or)?d|session))[\"']?\s{0,3}[=:]\s{0,3}[\"']?[^\s\"'&,;<>]{3,500}"),
    re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}\b"),
    re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    re.compile(r"\b(?:\d[ -]?){13,19}\b"),
)  # fmt: skip


def masked(text: str) -> str:
    """The text without revealed secrets, tokens, passwords, e-mail addresses, card and account numbers."""
    text = mask(text)
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text
