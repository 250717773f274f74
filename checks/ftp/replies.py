"""FTP: the answers of a server, a code and its lines (RFC 959, 4.2), and the port of a passive connection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checks.dialogue import Dialogue

_FIRST = re.compile(r"([1-5][0-9]{2})(?:([ -])(.*))?")
_EXTENDED = re.compile(r"\((.)\1\1([0-9]{1,5})\1\)")
_PASSIVE = re.compile(r"(?<![0-9])(?:[0-9]{1,3},){4}([0-9]{1,3}),([0-9]{1,3})(?![0-9])")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. The first and the last of its lines are without code, those between as they came."""

    code: int
    lines: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return self.code < 400

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {' '.join(line.strip() for line in self.lines)}".strip()


async def reply(dialogue: Dialogue, awaited: str) -> Reply:
    """The next answer. Raises Fault when it is none."""
    line = await dialogue.line(awaited)
    found = _FIRST.fullmatch(line)
    if found is None:
        raise dialogue.garbage(awaited, line)
    code, lines = found[1], [found[3] or ""]
    while found[2] == "-":
        line = await dialogue.line(f"end of the {awaited}")
        if line[:3] == code and line[3:4] in ("", " "):
            lines.append(line[4:])
            break
        lines.append(line.removeprefix(f"{code}-"))
    return Reply(int(code), tuple(lines))


def extended_port(said: str) -> int | None:
    """The port in an answer to EPSV (RFC 2428): `(|||6446|)`."""
    found = _EXTENDED.search(said)
    return _port(int(found[2])) if found else None


def passive_port(said: str) -> int | None:
    """The port in an answer to PASV: `(192,0,2,7,25,46)`. Its address is not believed."""
    found = _PASSIVE.search(said)
    if found is None or max(high_low := (int(found[1]), int(found[2]))) > 255:
        return None
    return _port(high_low[0] * 256 + high_low[1])


def _port(number: int) -> int | None:
    return number if 0 < number < 65536 else None
