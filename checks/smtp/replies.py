"""SMTP: the answers of a server, a code and its lines (RFC 5321, 4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.dialogue import Dialogue

_LINE = re.compile(r"([2-5][0-9]{2})(?:([ -])(.*))?")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `lines` are without code."""

    code: int
    lines: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.code < 300

    @property
    def is_temporary(self) -> bool:
        """The server would have it tried again later: no fault of what was asked."""
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".strip()


async def reply(dialogue: Dialogue, awaited: str) -> Reply:
    """The next answer. Raises Fault when it is none, or when its lines disagree about the code."""
    lines: list[str] = []
    code = None
    while True:
        line = await dialogue.line(awaited)
        found = _LINE.fullmatch(line)
        if found is None or (code is not None and found[1] != code):
            raise dialogue.garbage(awaited, line)
        code = found[1]
        lines.append(found[3] or "")
        if found[2] != "-":
            return Reply(int(code), tuple(lines))
