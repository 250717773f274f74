"""What a look has found: one line of what was seen, and where it is not well, what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from checks.masking import secretless
from checks.text import visible

State = Literal["ok", "warn", "fail"]
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """`topic` is what the look is about, `what` the one thing looked at; texts are one line, without secrets."""

    topic: str
    what: str
    state: State
    text: str
    remedy: str = ""


def finding(topic: str, what: str, state: State, text: str, remedy: str = "") -> Finding:
    """A finding that is fit to be shown, whatever was read from outside."""
    shown = (visible(secretless(each), _LONGEST) for each in (topic, what, text, remedy))
    topic, what, text, remedy = shown
    return Finding(topic, what, state, text, remedy)


def from_document(document: Mapping[str, Any]) -> Finding:
    """The finding that `asdict` made the document of; what is no such thing raises ValueError."""
    texts = {name: document.get(name) for name in ("topic", "what", "text", "remedy")}
    if document.get("state") not in get_args(State) or not all(
        isinstance(each, str) for each in texts.values()
    ):
        raise ValueError("no finding")
    return finding(
        str(texts["topic"]), str(texts["what"]), document["state"], str(texts["text"]), str(texts["remedy"])
    )


def as_document(each: Finding) -> dict[str, Any]:
    """As JSON has it; the remedy is null where none is needed."""
    return {**asdict(each), "remedy": each.remedy or None}
