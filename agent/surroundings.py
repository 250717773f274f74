"""What surrounds a problem, as the draft and the rules have it: for the core that decides where it belongs."""

from __future__ import annotations

from collections.abc import Collection

from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.incidents.problem import Hold, Key, Problem
from alerting.incidents.severity import Judged
from alerting.incidents.suppression import Subject, holding
from alerting.slo.spans import Klass
from checks.base import ErrorKind, Status

_SECOND = 1_000_000
_SETTLING = 5.0
_LULL = 5.0
RESOLVER = "resolver=dns"


def judged(draft: Draft, rules: Rulebook, problem: Problem) -> Judged:
    """How severe the problem is, and why, with all the services that its incident affects."""
    members = draft.members.get(problem.incident) or () if problem.incident is not None else ()
    services = {problem.service, *(each.service for each in members if each.until is None)}
    return rules.severity_of(problem, len(services))


class Around:
    """Implements alerting.incidents.settle.Surroundings at one moment."""

    def __init__(self, draft: Draft, rules: Rulebook, now: int) -> None:
        self._draft, self._rules, self._now = draft, rules, now
        self._suspects: dict[str, Collection[str]] = {}

    def held(self, problem: Problem) -> Hold | None:
        service = self._rules.services.get(problem.service)
        if service is None or not self._draft.suppressions:
            return None
        severity, _ = judged(self._draft, self._rules, problem)
        subject = Subject(service, problem.rule, self._rules.checks.get(problem.key), severity)
        return holding(self._draft.suppressions, subject, self._now)

    def down(self, service: str, rules: Collection[str]) -> bool:
        deciding = self._rules.deciding.get(service, ())
        if not self._rules.counting.get(service):
            return any(key[1] in rules for key in deciding)
        down = sum(key[1] in rules for key in deciding)
        counts = {**dict.fromkeys(Klass, 0), Klass.DOWN: down, Klass.UP: len(deciding) - down}
        return self._rules.down_when[service].judge(counts) is Klass.DOWN

    def checks_of(self, name: str) -> Collection[Key]:
        service, dot, check = name.partition(".")
        if dot:
            return ((service, check),) if (service, check) in self._rules.checks else ()
        return self._rules.deciding.get(service, ())

    def well_since(self, key: Key, since: int) -> bool:
        state = self._draft.check(key).state
        return state.last_at >= since and state.last_status is not Status.DOWN

    def failing(self, key: Key) -> bool:
        return self._draft.check(key).state.last_status is Status.DOWN

    def lull(self, key: Key) -> int:
        return int(min(self._rules.checks[key].every, _LULL) * _SECOND)

    def time_to_tell(self, key: Key) -> int:
        check = self._rules.checks[key]
        looks = max(check.confirm, check.recover)
        return int((looks * (check.timeout + check.retry_every) + _SETTLING) * _SECOND)

    def slack(self, key: Key) -> int:
        return int(self._rules.checks[key].valid_for * _SECOND)

    def folds(self, problem: Problem) -> bool:
        check = self._rules.checks.get(problem.key)
        return check is not None and (check.counts_for_uptime or bool(check.depends_on))

    def labels(self, problem: Problem) -> tuple[str, ...]:
        shared = self._rules.ties.get(problem.key, ())
        return (*shared, RESOLVER) if problem.error_kind is ErrorKind.DNS else shared

    def suspects(self, label: str) -> Collection[str]:
        if label not in self._suspects:
            self._suspects[label] = {
                key[0]
                for key in self._rules.tied.get(label, ())
                if (doubt := self._draft.check(key).state.doubts[0]) is not None and doubt.until is None
            }
        return self._suspects[label]

    def sharing(self, label: str) -> int:
        if label == RESOLVER:
            return len(self._rules.services)
        return len({key[0] for key in self._rules.tied.get(label, ())})
