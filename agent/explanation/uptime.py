"""An explanation of a service's uptime: its figures, the pieces they are the sum of, and what is kept of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import attrgetter
from typing import Any

from agent.explanation.effects import (
    Effect,
    Sums,
    as_planned,
    counted,
    effects,
    ratio,
    summed,
    within,
    work_windows,
)
from agent.explanation.layers import Question, layers
from agent.store.evidence import Confirmed, Evidence, Sight
from agent.store.maintenance import Work
from agent.store.reader import Reader
from agent.uptime import accounted, agreement, figures, ledgers_for, monitored_since, requested, unconfirmed
from alerting.slo.explained import explained, left_out, planned
from alerting.slo.periods import Period
from alerting.slo.requests import by_requests
from alerting.slo.sources import Claim, Maker, Seen
from alerting.slo.spans import Klass, Span, tile
from alerting.slo.track import OF_STATE
from alerting.slo.uptime import Account, UptimePolicy
from checks.base import Status
from config.maintenance import MaintenanceWindow
from config.models import Service


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of how a check came to a span: the reading it begins with, the flip, the last reading before."""

    sight: Sight | None = None
    confirmed: Confirmed | None = None
    before: Sight | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A service's figures, and the pieces they are the sum of.

    The pieces tile the `observed` part of the period; None when there is none of it. `beneath` is the time as it would
    stand without planned work, `without_work` the uptime of that. `stops` are the moments at which gaps began.
    """

    service: Service
    figures: dict[str, Any]
    account: Account
    policy: UptimePolicy
    observed: tuple[int, int] | None
    seen_since: int | None
    monitored_since: int | None
    pieces: tuple[Claim, ...]
    beneath: tuple[Span, ...]
    effects: tuple[Effect, ...]
    without_work: Fraction | None
    proofs: Mapping[Maker, Proof]
    blips: list[dict[str, Any]]
    stops: frozenset[int]
    works: Mapping[int, Work]

    def hidden(self, piece: Claim) -> Sums:
        """What planned work hides of each class in a piece."""
        return summed(within(self.beneath, piece.start, piece.end))


def explain(
    store: Reader, service: Service, period: Period, now: int, plans: Collection[MaintenanceWindow] = ()
) -> Explanation:
    """Trace the account of a period to what is stored; the pieces of each class last as long as the account says."""
    ledger = ledgers_for([service], lambda name: store.ledger(name, since=period.start), now)[service.name]
    since = monitored_since(service, ledger)
    policy = agreement(service, ledger, period, since)
    first, last = period.end if since is None else max(period.start, since), min(period.end, now)
    bare = replace(ledger, work=(), told=replace(ledger.told, maintenance=()))
    tiles, beneath = (tile(each.closed(now), first, last) for each in (ledger, bare))
    works = as_planned(store.planned_work(), now)
    windows = dict(work_windows(service.name, ledger, works.values(), (first, last)))
    evidence = store.evidence(service.name)
    requests = requested(store, {service.name: service}, period, now, service.name)
    gaps = store.gaps(first, last)
    below = layers(Question(service, ledger, first, now), evidence.spans(first), gaps)
    pieces = explained(policy.exclusions.applied(tiles)[0], [planned(windows), *below])
    return Explanation(
        service=service,
        figures=figures(service, ledger, period, now, plans) | by_requests(requests.get(service.name, {})),
        account=accounted(service, ledger, period, now, plans),
        policy=policy,
        observed=(first, last) if first < last else None,
        seen_since=ledger.since,
        monitored_since=since,
        pieces=tuple(sorted([*pieces, *left_out(tiles, policy.exclusions)], key=attrgetter("start"))),
        beneath=tuple(beneath),
        effects=tuple(effects(works, windows, pieces, beneath, policy)),
        without_work=ratio(counted(beneath, policy), policy),
        proofs=_proofs(evidence, pieces),
        blips=unconfirmed(service, store.blips(first, last, service.name), since, now),
        stops=frozenset(gap.start for gap in gaps),
        works=works,
    )


def _proofs(evidence: Evidence, pieces: Iterable[Claim]) -> dict[Maker, Proof]:
    """What is kept of each check that a piece names: of trouble first, and of what is newest."""
    ordered = sorted(pieces, key=lambda piece: (piece.klass is Klass.UP, -piece.start))
    seen = (piece.source for piece in ordered if isinstance(piece.source, Seen))
    makers = dict.fromkeys(maker for source in seen for maker in source.makers)
    return {maker: _proof(evidence, maker.check, maker.span) for maker in makers if maker.span is not None}


def _proof(evidence: Evidence, check: str, span: Span) -> Proof:
    sight = evidence.sight(check, span.start)
    if span.klass is not Klass.UNKNOWN:
        return Proof(sight, evidence.confirmed(check, span.start, span.klass))
    if sight is not None and OF_STATE[Status(sight.status)] is Klass.UNKNOWN:
        return Proof(sight)
    return Proof(before=evidence.last_before(check, span.start))
