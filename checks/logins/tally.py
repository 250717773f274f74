"""Logins counted over the window: by source and user, and who came in from where nobody did before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from checks.base import Scalar
from checks.line_time import moment
from checks.log_clock import LogClock
from checks.log_lines import Line, part
from checks.logins.lines import LOCAL, NOTHING, Attempt, attempt_of, times_repeated
from checks.logins.sessions import Sessions
from checks.masking import masked
from checks.memo_numbers import is_number
from checks.sliding import Sliding
from checks.text import visible

_SLICES, _NAMES = 120, 1000
_GUESSES = 5  # so many in vain from one source before it gets in look like guessing
_KNOWN, _KNOWN_FOR = 1000, 90 * 86400.0
_SHOWN = 5
_UNKNOWN = "(unknown)"
# A name that was typed in may be a password: what does not look like a name, or came once or twice, is not told.
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
_OFTEN = 3
_LONGEST_NAME = 40


class Tally:
    """Made from what the last look remembered; `take` each line, then `end`, then ask."""

    def __init__(self, window: float, ignored: Sequence[str], memo: Any, now: float) -> None:
        self._now, self._since = now, now - window
        self._length = window
        self._ignored = [ip_network(each) for each in ignored]
        self._clock = LogClock(now, part(memo, "read_all_at"))
        self._window = Sliding(window, part(memo, "window"), slices=_SLICES, names=_NAMES)
        self._window.slide(now)
        self._sessions = Sessions(part(memo, "sessions"))
        self._known = _sources(part(memo, "known"))
        self._last: dict[str, Attempt] = {}

    def take(self, line: Line) -> None:
        """Count what the line tells."""
        attempt = attempt_of(line.data, line.writer, line.pid)
        repeated = times_repeated(line.data) if attempt is NOTHING else 0
        if repeated:
            attempt = self._last.get(line.origin, NOTHING)._replace(times=repeated)
        self._last[line.origin] = attempt
        if attempt.what == "other":
            return
        at = self._clock.counts_at(line, line.at if line.at is not None else moment(line.data, self._now))
        if attempt.what == "accepted":
            self._accepted(attempt, at)
        else:
            self._failed(attempt, at)

    @property
    def failed(self) -> int:
        """Attempts in vain in the window."""
        return self._window.count("failed")

    def values(self) -> dict[str, Scalar]:
        """Without `took` and `behind`, which are the caller's."""
        failed, sources = self.failed, self._failing()
        top, most = max(sources.items(), key=lambda item: item[1], default=("", 0))
        new = {name.partition(" ")[0] for name in self._window.starting("new ")}
        return {
            "failed": failed,
            "rate": failed / self._length,
            "invalid": self._window.count("invalid"),
            "sources": len(sources),
            "top_share": most / failed if failed else None,
            "top_source": visible(top, 120) if top else None,
            "successes": self._window.count("accepted"),
            "new_sources": None if self._clock.first_look else len(new),
            "guessed": self._window.count("guessed"),
        }

    def notes(self) -> tuple[str, ...]:
        """Who tried most often, as whom, and who is new."""
        users = self._window.starting("as ")
        tried = {user: count for user, count in self._window.starting("tried ").items() if count >= _OFTEN}
        new = self._window.starting("new ")
        told = (
            ("most failures: ", self._failing()),
            ("users tried: ", users | tried),
            ("first login from: ", new),
        )
        lines = (f"{what}{_most(counts)}" for what, counts in told if counts)
        return (*lines, *self._clock.notes(self._length))

    def memo(self, log: Any, *, read_all: bool) -> dict[str, Any]:
        """What the next look is made from; `log` is how far the log has been read."""
        recent = sorted(self._known.items(), key=lambda item: -item[1])[:_KNOWN]
        self._window.slide(self._now)
        return {
            "log": log,
            "read_all_at": self._clock.memo(read_all=read_all),
            "window": self._window.memo(),
            "sessions": self._sessions.memo(self._now),
            "known": {source: at for source, at in recent if self._now - at < _KNOWN_FOR},
        }

    def _failing(self) -> dict[str, int]:
        return self._window.starting("from ")

    def _failed(self, attempt: Attempt, at: float) -> None:
        if self._is_ignored(attempt.source):
            return
        count = self._sessions.failures(attempt, at)
        self._add(at, "failed", count)
        self._add(at, f"from {attempt.source or _UNKNOWN}", count)
        if not attempt.known:
            self._add(at, "invalid", count)
        if attempt.known or _NAME.fullmatch(attempt.user):
            self._add(at, f"{'as' if attempt.known else 'tried'} {attempt.user[:_LONGEST_NAME]}", count)

    def _accepted(self, attempt: Attempt, at: float) -> None:
        for refused in self._sessions.accepted(attempt):
            self._add(refused, "failed", -1)
            self._add(refused, f"from {attempt.source or _UNKNOWN}", -1)
            self._add(refused, f"as {attempt.user[:_LONGEST_NAME]}", -1)
        self._add(at, "accepted", attempt.times)
        source = attempt.source
        if source is None:
            return
        if self._window.count(f"from {source}") >= _GUESSES:
            self._add(at, "guessed")
        if source not in self._known and not self._clock.first_look:
            self._add(at, f"new {source} as {visible(attempt.user, _LONGEST_NAME)}")
        self._known[source] = max(at, self._known.get(source, at))

    def _add(self, at: float, name: str, count: int = 1) -> None:
        if at >= self._since - self._window.step:
            self._window.add(at, name, count)

    def _is_ignored(self, source: str | None) -> bool:
        if source is None or source == LOCAL or not self._ignored:
            return False
        try:
            address = ip_address(source.removesuffix("/64"))
        except ValueError:
            return False
        return any(address in network for network in self._ignored)


def _sources(memo: Any) -> dict[str, float]:
    if not isinstance(memo, Mapping):
        return {}
    return {str(source): float(at) for source, at in memo.items() if is_number(at)}


def _most(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{visible(masked(name), 80)} ({count})" for name, count in ranked[:_SHOWN]]
    return ", ".join([*told, f"and {len(ranked) - _SHOWN} more"] if len(ranked) > _SHOWN else told)
