"""Layers: who claims the time of a service beneath planned work, from what is stored of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from agent.uptime import NOTHING_TOLD, Ledger
from alerting.slo import gaps as stored
from alerting.slo.events import reach
from alerting.slo.explained import imported, judged
from alerting.slo.sources import Claim, Gap
from alerting.slo.spans import Klass, Span
from config.models import Service

Rows = Sequence[tuple[int, int | None, Klass]]


@dataclass(frozen=True, slots=True)
class Question:
    """A service's time from `first` on, as it stood at `now`."""

    service: Service
    ledger: Ledger
    first: int
    now: int


def layers(asked: Question, checks: Mapping[str, Rows], recorded: Iterable[stored.Gap]) -> list[list[Claim]]:
    """The claims of each sort; a layer goes before those that follow. `checks` are the spans of every check."""
    ledger, now = asked.ledger, asked.now
    own = replace(ledger, told=NOTHING_TOLD, work=()).closed(now)
    told = imported(ledger.told.events, *reach(own, ledger.told.events, now))
    counting = [each.name for each in asked.service.checks.values() if each.counts_for_uptime]
    members = dict(_members(asked, checks, counting))
    off = _apart(Gap(start, end, "agent_off") for start, end in ledger.told.off)
    gaps = _apart(Gap(gap.start, gap.end, gap.why) for gap in recorded)
    return [off, told, gaps, judged(own, members, counting), _ended(asked)]


def _apart(gaps: Iterable[Gap]) -> list[Claim]:
    """Time of which nobody can say what happened; of several gaps at once the one that began first."""
    claims: list[Claim] = []
    for gap in sorted(gaps, key=attrgetter("start")):
        start = max(gap.start, claims[-1].end) if claims else gap.start
        if start < gap.end:
            claims.append(Claim(start, gap.end, Klass.UNKNOWN, gap))
    return claims


def _members(
    asked: Question, checks: Mapping[str, Rows], counting: Collection[str]
) -> Iterator[tuple[str, list[Span]]]:
    """The spans of the checks that count, and of those that are configured no more: they may have counted."""
    seen_until = asked.ledger.alive.seen_until(asked.now)
    others = asked.service.checks.keys() - counting
    for check, rows in checks.items():
        if check not in others:
            ends = (seen_until if end is None else min(end, asked.now) for _, end, _ in rows)
            found = ((start, end, klass) for (start, _, klass), end in zip(rows, ends, strict=True))
            yield check, [Span(*each) for each in found if each[0] < each[1]]


def _ended(asked: Question) -> list[Claim]:
    """The time since the last sign of life, of a service that was watched up to there; some may be still to come."""
    ledger, until = asked.ledger, asked.ledger.alive.seen_until(asked.now)
    watched = bool(ledger.spans) and ledger.spans[-1][1] is None
    if not watched or until >= asked.now:
        return []
    why = "to_come" if ledger.alive.running else "ended"
    return [Claim(until, asked.now, Klass.UNKNOWN, Gap(until, asked.now, why))]
