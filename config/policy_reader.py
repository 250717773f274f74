"""Blocks of policies -> complete policies: each over the one that it extends, and over that what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from config.calendars import Timetable
from config.friendly import nearest, shown
from config.policies import (
    DEFAULT_POLICY,
    Jump,
    Overall,
    Policy,
    PriorityRule,
    Rise,
    Targets,
    TicketMatch,
)
from config.policy_options import (
    JumpOptions,
    OverallOptions,
    PolicyOptions,
    PriorityRuleOptions,
    RiseOptions,
    TicketMatchOptions,
)
from config.reader import Reader
from config.shipped_policies import SHIPPED
from config.terms import NEVER
from config.ticket_targets import PriorityTargets

T = TypeVar("T")
_MADE: Mapping[type[BaseModel], type[Any]] = {
    TicketMatchOptions: TicketMatch,
    PriorityRuleOptions: PriorityRule,
    RiseOptions: Rise,
    JumpOptions: Jump,
    OverallOptions: Overall,
}
_PLAIN = (
    "title", "clock_starts", "business", "priorities", "overall", "pauses", "predict", "jumps", "highest_tier",
    "on_reopen", "acknowledged_stops", "follow_up_grace",
)  # fmt: skip
_PARTS = ("vendor", "ending", "root_cause")


def read_policies(
    reader: Reader, blocks: Mapping[str, object], calendars: Mapping[str, Timetable]
) -> dict[str, Policy]:
    """All policies there are: the default, the shipped ones and the operator's. Mistakes are noted."""
    found = {name: reader.model(PolicyOptions, block, ("policies", name)) for name, block in blocks.items()}
    options = {name: each for name, each in found.items() if each is not None}
    made: dict[str, Policy] = {}
    for name in (DEFAULT_POLICY.name, *SHIPPED, *options):
        _make(reader, options, calendars, made, (name,))
    return made


def with_targets(policy: Policy, told: PriorityTargets) -> Policy:
    """The policy with other targets, where any are told."""
    targets = dict(policy.targets)
    for priority, options in told:
        if options is not None:
            targets[priority] = replace(targets.get(priority, Targets()), **_said(options))
    return policy if targets == policy.targets else replace(policy, targets=targets)


def _make(
    reader: Reader,
    options: Mapping[str, PolicyOptions],
    calendars: Mapping[str, Timetable],
    made: dict[str, Policy],
    way: tuple[str, ...],
) -> Policy:
    """The last policy of the way, which leads from one to what it extends."""
    name = way[-1]
    if name in made:
        return made[name]
    told = options.get(name)
    shipped = {DEFAULT_POLICY.name: DEFAULT_POLICY, **SHIPPED}.get(name)
    if told is None:
        policy = shipped or DEFAULT_POLICY
    else:
        base = shipped
        parent = told.extends or (None if shipped else DEFAULT_POLICY.name)
        if parent is not None and _can_extend(reader, options, (*way, parent)):
            base = _make(reader, options, calendars, made, (*way, parent))
        policy = _over(base or DEFAULT_POLICY, name, told, calendars)
    made[name] = policy
    return policy


def _can_extend(reader: Reader, options: Mapping[str, PolicyOptions], way: tuple[str, ...]) -> bool:
    *before, parent = way
    where = ("policies", before[-1], "extends")
    known = {DEFAULT_POLICY.name, *SHIPPED, *options}
    if parent in before:
        circle = " -> ".join(way[before.index(parent) :])
        reader.sources.blame(where, f"extends itself: {circle}", "take one of these lines out")
        return False
    if parent not in known:
        if reader.sources.whole:
            hint = nearest(parent, known) or f"known: {', '.join(sorted(known)[:8])}"
            reader.sources.blame(where, f"no policy is called {shown(parent)}", hint)
        return False
    return True


def _over(base: Policy, name: str, told: PolicyOptions, calendars: Mapping[str, Timetable]) -> Policy:
    """The policy with what the block says over it; a calendar that nobody knows is found out elsewhere."""
    changes: dict[str, Any] = {"name": name}
    if name != base.name and told.title is None:
        changes["title"] = name
    said = _said(told)
    changes |= {option: said[option] for option in _PLAIN if option in said}
    if told.calendar is not None and told.calendar in calendars:
        changes["calendar"] = calendars[told.calendar]
    for part in _PARTS:
        if part in said:
            changes[part] = replace(getattr(base, part), **_said(said[part]))
    if told.rises is not None:
        changes["rises"] = {**base.rises, **_said(told.rises)}
    if told.follow_ups is not None:
        changes["follow_ups"] = {**base.follow_ups, **_said(told.follow_ups)}
    policy = replace(base, **changes)
    return policy if told.targets is None else with_targets(policy, told.targets)


def _said(options: BaseModel) -> dict[str, Any]:
    """What the block says, in the values of a policy: `never` is None."""
    return {
        name: _value(getattr(options, name))
        for name in options.model_fields_set
        if getattr(options, name) is not None
    }


def _value(told: Any) -> Any:
    if told == NEVER:
        return None
    if isinstance(told, tuple):
        return tuple(map(_value, told))
    made = _MADE.get(type(told))
    return told if made is None else made(**{name: _value(each) for name, each in told})
