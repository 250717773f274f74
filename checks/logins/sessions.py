"""Connections to sshd: which of its lines tell of one and the same attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.logins.lines import Attempt
from checks.memo_numbers import is_number

_MOST = 300
_MOST_KEYS = 20
# sshd gives a connection two minutes to log in; a process number comes again much later.
_OVER = 600.0


@dataclass(slots=True)
class _Session:
    """`told`: what was counted already and will be told again. `keys`: when keys were refused, Unix seconds."""

    at: float
    told: str = ""
    counted: int = 0
    keys: list[float] = field(default_factory=list)


class Sessions:
    """Says how many new attempts in vain a line stands for; one that is told twice counts once.

    sshd tells of a user that does not exist, or may not come in, before the attempt itself; PAM tells of a wrong
    password and sshd may again; and where only keys are taken nothing but the end of the connection is told.
    """

    def __init__(self, memo: Any) -> None:
        self._open: dict[str, _Session] = {}
        for name, session in memo.items() if isinstance(memo, Mapping) else ():
            match session:
                case [at, str(told), int(counted), [*keys]] if is_number(at):
                    moments = [float(key) for key in keys if is_number(key)]
                    self._open[str(name)] = _Session(float(at), told, counted, moments[:_MOST_KEYS])

    def failures(self, attempt: Attempt, at: float) -> int:
        """How many to count for this line, which counts at that moment (Unix seconds)."""
        if not attempt.session:
            return attempt.times
        session = self._session(attempt.session, at)
        count = self._new(session, attempt)
        session.counted += count
        if attempt.method == "publickey" and attempt.known and len(session.keys) < _MOST_KEYS:
            session.keys += [at] * min(count, _MOST_KEYS)
        return count

    def accepted(self, attempt: Attempt) -> list[float]:
        """Somebody got in: the moments of the keys refused before the right one, which were no attempts in vain."""
        session = self._open.pop(attempt.session, None)
        return session.keys if session else []

    def memo(self, now: float) -> dict[str, Any]:
        recent = sorted(self._open.items(), key=lambda item: -item[1].at)[:_MOST]
        return {
            name: [each.at, each.told, each.counted, each.keys]
            for name, each in recent
            if now - each.at < _OVER
        }

    def _session(self, name: str, at: float) -> _Session:
        known = self._open.get(name)
        if known is None or abs(at - known.at) > _OVER:
            known = self._open[name] = _Session(at)
        known.at = at
        return known

    def _new(self, session: _Session, attempt: Attempt) -> int:
        if attempt.what in {"announced", "ended"} or attempt.method == "none":
            first = not session.counted
            if first and attempt.what == "announced":
                session.told = "announced"
            return int(first)
        told, session.told = session.told, "pam" if attempt.what == "pam" else ""
        if attempt.what == "pam":
            return attempt.times - (told == "announced")
        return attempt.times - bool(told)
