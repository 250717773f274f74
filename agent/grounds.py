"""Grounds: what is known when a ticket is opened, put together on a draft without asking the store, and masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.impact import Impact, impact
from alerting.desk.text import Grounds, when
from alerting.incidents.change import Change, suspects
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import Subject, Suppression, matches
from alerting.slo.spans import Klass
from checks.base import Reading
from checks.difference import differences
from checks.masking import masked
from checks.registry import all_kinds
from config.models import Service

_MOST_CHANGES, _MOST_HELD, _MOST_ANCESTORS = 10, 10, 200


def grounds_of(draft: Draft, rules: Rulebook, problem: Problem, incident: Incident, now: int) -> Grounds:
    """For the ticket of `incident`, which the problem opens."""
    memory, check = draft.check(problem.key), rules.checks.get(problem.key)
    newest, good = memory.last, memory.last_good
    names = [problem.service, *_ancestors(rules, problem.name)]
    services = {name.partition(".")[0] for name in names}
    changes = suspects(draft.known_changes, services, problem.since, now)[:_MOST_CHANGES]
    return Grounds(
        last_good=good,
        changed=_changed(good, newest, check.kind) if check and good and newest else (),
        changes=[_masked_change(each) for each in changes],
        impact=impact(impact_of(draft, rules, problem, incident), now),
        held=_held(draft, rules, problem, names, now),
        why_severe=rules.severity_of(problem)[1],
    )


def impact_of(draft: Draft, rules: Rulebook, problem: Problem, incident: Incident) -> Impact:
    """What the draft knows of what the problem costs."""
    service = rules.services[problem.service]
    return Impact(
        problem=problem,
        members=draft.members.get(incident.id) or (),
        readings=draft.check(problem.key).readings,
        bad_since=_bad_since(draft, service),
        budget=draft.budgets.get(service.name),
    )


def _bad_since(draft: Draft, service: Service) -> int | None:
    """Since when the service's time has been bad without a break; None while it is not."""
    bad = {Klass.DOWN, *({Klass.DEGRADED} if service.uptime.degraded == "down" else ())}
    since = None
    for at, klass in reversed(draft.services.get(service.name) or ()):
        if klass not in bad:
            break
        since = at
    return since


def _changed(good: Reading, newest: Reading, kind: str) -> list[str]:
    return differences(good, newest, _units(kind)) if good.at != newest.at else []


@cache
def _units(kind: str) -> Mapping[str, str]:
    found = all_kinds().get(kind)
    return {value.name: value.unit for value in found.values} if found is not None else {}


def _masked_change(change: Change) -> Change:
    """What pipelines and people write may hold anything."""
    version = masked(change.version) if change.version else None
    return replace(change, version=version, text=masked(change.text), by=masked(change.by))


def _ancestors(rules: Rulebook, name: str) -> list[str]:
    """What it depends on, near before far: `service` or `service.check`."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting and len(found) < _MOST_ANCESTORS:
        above = [each for group in rules.graph.parents(waiting.pop(0)) for each in group if each not in found]
        found.update(dict.fromkeys(above))
        waiting += above
    return list(found)


def _held(draft: Draft, rules: Rulebook, problem: Problem, names: Iterable[str], now: int) -> list[str]:
    """Suppressions at any time of the problem so far, for it or for what it depends on."""
    running = [each for each in draft.suppressions if each.start < now and each.end > problem.since]
    if not running:
        return []
    lines = [
        f"{each.id} ({each.why}) for {whose}, {when(each.start)} to {when(each.end)}, by {each.by}: {each.reason}"
        for each, whose in _matching(rules, problem, running, names)
    ]
    return [masked(line) for line in lines[:_MOST_HELD]]


def _matching(
    rules: Rulebook, problem: Problem, running: Iterable[Suppression], names: Iterable[str]
) -> Iterator[tuple[Suppression, str]]:
    severity = rules.severity_of(problem)[0]
    subjects = []
    for name in names:
        service, _, rule = (problem.name if name == problem.service else name).partition(".")
        if service in rules.services:
            check = rules.checks.get((service, rule))
            subjects.append((name, Subject(rules.services[service], rule, check, severity)))
    for each in running:
        whose = next((name for name, subject in subjects if matches(each.match, subject)), None)
        if whose is not None:
            yield each, whose
