"""IMAP: what a server sends, line by line with the literals in it (RFC 9051, 4.3 and 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.dialogue import Dialogue

_LITERAL = re.compile(r"\{([0-9]{1,20})\}$")
_CODE = re.compile(r"\[([A-Z0-9-]+)(?: ([^\]]*))?\]", re.IGNORECASE)
_STATE = re.compile(r"(OK|NO|BAD|BYE|PREAUTH)(?: (.*))?", re.IGNORECASE | re.DOTALL)
_MOST_LITERALS = 100


@dataclass(frozen=True, slots=True)
class Response:
    """One response. `tag` is `*`, `+` or ours; in `text` each literal is `{size}`, its bytes are in `literals`."""

    tag: str
    text: str
    literals: tuple[bytes, ...] = ()

    @property
    def state(self) -> str | None:
        """OK, NO, BAD, BYE, PREAUTH; None for data."""
        found = _STATE.fullmatch(self.text)
        return found[1].upper() if found else None

    @property
    def said(self) -> str:
        """What follows the state, for people."""
        found = _STATE.fullmatch(self.text)
        return (found[2] or "") if found else self.text

    @property
    def code(self) -> tuple[str, str]:
        """The response code in brackets and its arguments: `("CAPABILITY", "IMAP4rev1 …")`."""
        found = _CODE.match(self.said) if self.state else None
        return (found[1].upper(), found[2] or "") if found else ("", "")

    def data(self, name: str) -> str | None:
        """What follows the name of a data response: of `* SEARCH 1 2` it is `1 2`. None when it is another."""
        word, _, rest = self.text.partition(" ")
        return rest if self.tag == "*" and word.upper() == name else None


async def response(dialogue: Dialogue, awaited: str, tag: str | None = None) -> Response:
    """The next response: to `*`, to `+`, or to our tag. Raises Fault for anything else."""
    line = await dialogue.line(awaited)
    first, _, text = line.partition(" ")
    if first not in {"*", "+", tag}:
        raise dialogue.garbage(awaited, line)
    literals: list[bytes] = []
    while found := _LITERAL.search(text):
        if len(literals) == _MOST_LITERALS:
            raise dialogue.too_much(f"more than {_MOST_LITERALS} literals in one response")
        literals.append(await dialogue.exactly(int(found[1]), awaited))
        text += await dialogue.line(awaited)
    return Response(first, text, tuple(literals))
