"""The mail of our own that goes round: its text, the mark in it, and what is remembered of it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

HEADER = "X-Tocsin-Probe"
# What every mark begins with, so that one search finds those of all checks.
WORD = "tocsin"
_FAR_OFF = 1e12
_HEX, _MICROSECONDS = re.compile(r"[0-9a-f]{16}"), 1_000_000
_MARK = re.compile(rf"{WORD} ([0-9a-f]{{16}}) ([0-9]{{1,17}}) ([0-9a-f]{{16}})")


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells one probe mail from all other mails: whose it is, when it was sent (microseconds), and chance."""

    owner: str
    moment: int
    chance: str

    @classmethod
    def new(cls, owner: str, at: float) -> Mark:
        """A mark for a mail that is sent at `at` (seconds since 1970)."""
        return cls(owner, round(at * _MICROSECONDS), secrets.token_hex(8))

    @classmethod
    def read(cls, text: object) -> Mark | None:
        """The mark in a header or a memo; None when there is none."""
        found = _MARK.search(" ".join(text.split())) if isinstance(text, str) else None
        return cls(found[1], int(found[2]), found[3]) if found else None

    @property
    def sent(self) -> float:
        """Seconds since 1970."""
        return self.moment / _MICROSECONDS

    def __str__(self) -> str:
        return f"{WORD} {self.owner} {self.moment} {self.chance}"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a check remembers of its mails: its own name, the mail under way, and since when none came back in time.

    `late_since` is in seconds since 1970.
    """

    owner: str
    under_way: Mark | None = None
    late_since: float | None = None

    @classmethod
    def of(cls, memo: Any) -> Memory:
        """What a memo tells; where it tells nothing of use, a check that begins."""
        told = memo if isinstance(memo, dict) else {}
        owner, mark, late = told.get("owner"), Mark.read(told.get("under_way")), told.get("late_since")
        if not (isinstance(owner, str) and _HEX.fullmatch(owner)):
            return cls(secrets.token_hex(8))
        under_way = mark if mark is not None and mark.owner == owner else None
        return cls(owner, under_way, late if isinstance(late, float) and 0 <= late < _FAR_OFF else None)

    @property
    def memo(self) -> dict[str, Any]:
        mark = str(self.under_way) if self.under_way else None
        return {"owner": self.owner, "under_way": mark, "late_since": self.late_since}


def written(mark: Mark, sender: str, recipient: str) -> bytes:
    """The whole mail; its lines end in CR LF, and none begins with a dot."""
    domain = sender.rpartition("@")[2]
    lines = (
        f"Date: {formatdate(mark.sent)}",
        f"From: Tocsin <{sender}>",
        f"To: <{recipient}>",
        f"Subject: Tocsin probe {mark.chance}",
        f"Message-ID: <{WORD}.{mark.moment}.{mark.chance}@{domain}>",
        f"{HEADER}: {mark}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This mail tries the way from its sender to this mailbox.",
        "The monitoring that sent it deletes it as soon as it is found.",
        "",
    )
    return "\r\n".join(lines).encode("ascii")
