"""A verdict in one line, with the values seen."""

from __future__ import annotations

from config.conditions.verdict import Leaf, Verdict

_MAX_SEEN = 80


def render(verdict: Verdict) -> str:
    """The leaves that decided, such as `status in 200..299 (status = 503)`, joined by `; `."""
    return "; ".join(_shown(leaf) for leaf in verdict.failing())


def _shown(leaf: Leaf) -> str:
    seen = leaf.why or ", ".join(_pair(name, text) for name, text in leaf.seen)
    return f"{leaf.text} ({seen})"


def _pair(name: str, text: str) -> str:
    if text in ("absent", "unknown"):  # a text of that name would stand in quotes
        return f"{name} is {text}"
    closing = '..."' if text.startswith('"') else "..."
    short = text if len(text) <= _MAX_SEEN else text[: _MAX_SEEN - len(closing)] + closing
    return f"{name} = {short}"
