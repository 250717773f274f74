"""Why a check did or did not alert at a moment: what it saw, what was decided of that, and what held it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agent.explanation.answer import Answer, Attention, Cover, Verdict
from agent.explanation.confirming import progress, unrest
from agent.explanation.effects import as_planned
from agent.explanation.held import would_be
from agent.explanation.places import PLACES, latest_place, of_this_trouble
from agent.rulebook import state_spec
from agent.store.decisions import Decisions
from agent.store.evidence import Evidence, Sight
from agent.store.maintenance import by_service
from agent.store.reader import Reader
from alerting.calendars import Calendar, opens_at
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Key, Problem, Why
from alerting.incidents.suppression import matches
from alerting.plans import in_force
from alerting.slo.blips import Blip
from alerting.slo.spans import Klass
from alerting.slo.track import OF_STATE
from checks.base import Status
from config.models import Check, Config

_HOUR = 3600 * 1_000_000
_DAY = 24 * _HOUR
_MOST_READINGS = 20
_LATER_READINGS = 3
_MOST_DECISIONS = 20
_LATER_DECISIONS = 3
_BEFORE = 3 * 366 * _DAY  # decisions are kept no longer
_STATES = {klass: status for status, klass in OF_STATE.items()}


def explain_check(store: Reader, config: Config, key: Key, at: int, now: int) -> Answer:
    """Why that rule of that service did or did not alert at `at`. Nothing is decided anew: the rows say it."""
    return _Question(store, config, key, at, now).answer()


def rules_of(store: Reader, config: Config, service: str, at: int) -> list[str]:
    """What there is to tell of a service: its checks, and other rules whose trouble had a place at that moment."""
    known = config.services.get(service)
    checks = [*known.checks, *known.disabled] if known else []
    checks += sorted(check for name, check in store.checks() if name == service and check not in checks)
    found = store.decisions()
    others = sorted(found.rules_of(service) - {*checks})
    return checks + [
        rule for rule in others if latest_place(found.of_rule((service, rule), at - _BEFORE, at))
    ]


def known_rule(store: Reader, config: Config, key: Key) -> bool:
    """Whether there is, or was, such a check or rule."""
    service = config.services.get(key[0])
    configured = service is not None and (key[1] in service.checks or key[1] in service.disabled)
    return configured or key in store.checks() or key[1] in store.decisions().rules_of(key[0])


class _Question:
    def __init__(self, store: Reader, config: Config, key: Key, at: int, now: int) -> None:
        self._store, self._config, self._key, self._at, self._now = store, config, key, at, now
        self._decisions: Decisions = store.decisions()
        self._evidence: Evidence = store.evidence(key[0])
        service = config.services.get(key[0])
        self._check: Check | None = service.checks.get(key[1]) if service else None
        self._spec = state_spec(self._check) if self._check else None

    def answer(self) -> Answer:
        before = self._decisions.of_rule(self._key, self._at - _BEFORE, self._at)
        place, mine = latest_place(before), of_this_trouble(before)
        state, since = self._state(before)
        seen, after = self._readings()
        covers = list(self._covers(state))
        attention, problem = self._attention(covers), self._problem()
        incident = self._incident(place, problem)
        looked = attention.given and self._spec is not None
        return Answer(
            *self._key,
            self._at,
            self._verdict(place, incident, state, seen, attention),
            attention,
            state,
            since,
            (*seen[-_MOST_READINGS:], *after),
            self._kept(),
            tuple(progress(self._since_recovery(seen), state, self._spec)) if looked and self._spec else (),
            unrest(seen, self._spec) if looked and self._spec else None,
            self._blip(),
            place,
            problem,
            incident,
            tuple(covers),
            tuple(mine[-_MOST_DECISIONS:]),
            tuple(self._decisions.next_of_rule(self._key, (self._at, self._now), _LATER_DECISIONS)),
        )

    def _verdict(
        self,
        place: Decision | None,
        incident: Incident | None,
        state: Status | None,
        seen: Sequence[Sight],
        attention: Attention,
    ) -> Verdict:
        if incident is not None and (incident.service, incident.rule) == self._key:
            return Verdict.ALERTED
        if place is not None or incident is not None:
            return PLACES.get(place.what, Verdict.FOLDED) if place else Verdict.FOLDED
        if not attention.given:
            return Verdict.NOT_LOOKED_AT
        if state in (Status.DEGRADED, Status.DOWN):
            return Verdict.NOT_DECIDED
        return self._by_sight(seen)

    def _by_sight(self, seen: Sequence[Sight]) -> Verdict:
        """What the last reading says, where nothing is confirmed and nothing was decided."""
        if self._evidence.first_seen(self._key[1]) is None and self._check is None:
            return Verdict.WELL  # no check stands behind it: nothing was decided of it
        if self._blip() is not None:
            return Verdict.UNCONFIRMED
        if not seen:
            return Verdict.UNKNOWN if self._kept() else Verdict.WELL
        valid_for = self._check.valid_for if self._check else 0.0
        if seen[-1].status == Status.UNKNOWN or self._at - seen[-1].at > valid_for * 1_000_000:
            return Verdict.UNKNOWN
        return Verdict.WELL if seen[-1].status == Status.OK else Verdict.UNCONFIRMED

    def _state(self, before: Iterable[Decision]) -> tuple[Status | None, int | None]:
        """The confirmed state of the moment and since when: it begins well, and every change is a flip."""
        known = self._store.checks().get(self._key)
        if self._at >= self._now and known is not None:
            return (Status(known["state"]), known["since"]) if known["state"] else (None, None)
        removed = max((each.at for each in before if each.what is Decided.REMOVED), default=0)
        first = self._evidence.first_seen(self._key[1], removed)
        if first is None or first > self._at:
            return None, None
        flip = self._evidence.last_flip(self._key[1], self._at)
        if flip is None or flip.at < removed:
            return Status.OK, first
        return _STATES[flip.after], flip.since

    def _readings(self) -> tuple[list[Sight], list[Sight]]:
        """Those up to the moment, as far back as may matter, and a few that followed."""
        before = self._evidence.between(self._key[1], self._at - self._reach(), self._at)
        end = min(self._at + _DAY, self._now)
        after = self._evidence.between(self._key[1], self._at + 1, end) if end > self._at else []
        return before, after[:_LATER_READINGS]

    def _reach(self) -> int:
        """How far back readings may say what was on its way, in microseconds; a day at most."""
        if self._check is None or self._spec is None:
            return _HOUR
        lasting = [hold.seconds or 0.0 for hold in self._spec.holds if hold]
        many = max(self._spec.window, self._spec.confirm, self._spec.recover, _MOST_READINGS) + 1
        seconds = max(many * self._check.every, self._spec.recover_after, *lasting)
        return min(max(_HOUR, int(seconds * 1_000_000)), _DAY)

    def _since_recovery(self, readings: list[Sight]) -> list[Sight]:
        """What was seen before a recovery belongs to trouble that is over."""
        flip = self._evidence.last_flip(self._key[1], self._at)
        if flip is None or flip.after is not Klass.UP:
            return readings
        return [each for each in readings if each.at > flip.at]

    def _kept(self) -> bool:
        since = self._evidence.kept_since(self._key[1])
        first = self._evidence.first_seen(self._key[1])
        return first is None or (since is not None and (since <= self._at or since <= first))

    def _blip(self) -> Blip | None:
        """The failing readings of the moment, where it is known by now that nothing confirmed them."""
        found = self._store.blips(self._at, self._at + 1, self._key[0]).get(self._key, [])
        return found[-1] if found else None

    def _problem(self) -> Problem | None:
        """Where its trouble stands now; of a past moment the rows of decisions tell."""
        return self._decisions.problems().get(self._key) if self._at >= self._now else None

    def _incident(self, place: Decision | None, problem: Problem | None) -> Incident | None:
        if place is not None:
            return self._decisions.incident(place.incident) if place.incident is not None else None
        if problem is not None:
            return self._decisions.incident(problem.incident) if problem.incident is not None else None
        return self._by_rows()

    def _by_rows(self) -> Incident | None:
        """Where nothing was noted as a decision, by a version that noted none: what was open at the moment."""
        if self._decisions.of_rule(self._key, 0, self._now):
            return None
        for each in self._store.incidents(self._key[0], self._at):
            over = each.resolved_at is not None and each.resolved_at <= self._at
            if each.rule == self._key[1] and each.opened_at <= self._at and not over:
                return each
        return None

    def _attention(self, covers: Iterable[Cover]) -> Attention:
        service = self._config.services.get(self._key[0])
        if service is not None and self._key[1] in service.disabled:
            return Attention(configured=True, disabled=service.disabled[self._key[1]])
        gap = next(iter(self._store.gaps(self._at, self._at + 1)), None)
        if self._check is None:
            # No check stands behind rules such as `budget`: there is nothing to be looked at.
            configured = self._evidence.first_seen(self._key[1]) is None
            return Attention(configured, gap=gap, stopped=self._stopped())
        opens = opens_at([Calendar(each) for each in self._check.active], self._at)
        resting = opens != self._at
        pause = next((each for each in covers if each.why == Why.PAUSE), None)
        return Attention(True, None, resting, opens if resting else None, pause, gap, self._stopped())

    def _stopped(self) -> int | None:
        alive = self._store.alive()
        return alive.until if not alive.running and alive.until < self._at else None

    def _covers(self, state: Status | None) -> Iterator[Cover]:
        """Planned work, silences and pauses that were in force for it, as they stood then."""
        yield from _planned_work(self._store, self._key[0], self._at)
        if self._key[0] not in self._config.services:
            return
        subject = would_be(self._config, self._key, state, self._problem())
        records = (each for why in (Why.SILENCE, Why.PAUSE) for each in self._store.suppressions().all(why))
        for record in records:
            stood = [each for said, each in record.history if said <= self._at]
            if stood and stood[-1].holds_at(self._at) and matches(stood[-1].match, subject):
                last = stood[-1]
                yield Cover(last.id, last.why.value, last.start, last.end, last.reason, last.by)


def _planned_work(store: Reader, service: str, at: int) -> Iterator[Cover]:
    for work in as_planned(store.planned_work(), at).values():
        named = by_service([work])
        plans = (*named.get(service, ()), *named.get("", ()))
        windows: Iterable[tuple[int, int]] = (window for plan in plans for window in in_force(plan))
        for start, end in windows:
            if start <= at < end:
                yield Cover(work.id, "maintenance", start, end, work.reason, work.by)
