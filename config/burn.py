"""Burn-rate rules: those of the operator or the built-in ones, and which of them can fire at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from math import ceil

from config.models import Config, Service
from config.options import BurnLevel, BurnRule
from config.places import Where
from config.sources import Sources
from config.units import DAY, HOUR, MINUTE, show_duration, show_ratio

# The rule of a service's incident that is about its budget; a check cannot be called that.
BUDGET = "budget"
# Rules of a service beside its checks, which its incidents are known by.
_TAKEN = {BUDGET: "the error budget", "blind": "checks that nobody can see"}
_USUAL_PERIOD = 30 * DAY
_FEW = 3
# The share of the budget that is spent when a rule fires, its windows, and what it asks for (Google's SRE Workbook).
_BUILT_IN: tuple[tuple[Fraction, float, float, BurnLevel], ...] = (
    (Fraction(2, 100), HOUR, 5 * MINUTE, "page"),
    (Fraction(5, 100), 6 * HOUR, 30 * MINUTE, "page"),
    (Fraction(10, 100), DAY, 2 * HOUR, "ticket"),
    (Fraction(10, 100), 3 * DAY, 6 * HOUR, "ticket"),
)


def burn_rules(service: Service) -> tuple[BurnRule, ...]:
    """The rules that are in force for the service: none without a budget, nor where no target counts."""
    if service.uptime.burn is False or service.target == 1 or service.environment != "live":
        return ()
    return tuple(rule for rule in _meant(service) if can_fire(rule, service.target))


@lru_cache(maxsize=64)
def default_rules(period: float) -> tuple[BurnRule, ...]:
    """The built-in rules for a budget of `period` seconds.

    Each keeps its share of the budget; a factor is never below 1, at which the target is just kept.
    """
    found = []
    for share, long, short, level in _BUILT_IN:
        factor = max(Fraction(1), share * Fraction(period) / Fraction(long))
        found.append(BurnRule(factor=factor, long=long, short=short, level=level))
    return tuple(found)


def can_fire(rule: BurnRule, target: Fraction) -> bool:
    """Whether there can be that much bad time."""
    return rule.factor * (1 - target) < 1


def shown_factor(factor: Fraction) -> str:
    """As it is written in the file: 72/5 -> `14.4`; at most three places."""
    return f"{float(factor):.3f}".rstrip("0").rstrip(".")


def shown_rule(rule: BurnRule) -> str:
    """`14.4 over 1h and 5m`."""
    return f"{shown_factor(rule.factor)} over {show_duration(rule.long)} and {show_duration(rule.short)}"


def look_at_burn(sources: Sources, config: Config) -> None:
    """Note rules that can never fire: a mistake where the operator wrote them, else a warning."""
    silent: dict[tuple[BurnRule, ...], list[Service]] = {}
    for service in config.services.values():
        where: Where = ("services", service.name)
        _name(sources, (*where, "checks"), service)
        for number, rule in enumerate(service.uptime.burn_rules):
            _rule(sources, (*where, "uptime", "burn_rules", number), rule, service.target)
        left_out = tuple(_left_out(service))
        written = _written(sources, service)
        if left_out and written:
            sources.warn(
                (*where, "target"), _never(left_out, service.target, [service.name]), _remedy(left_out)
            )
        elif left_out:
            silent.setdefault(left_out, []).append(service)
    for rules, services in silent.items():
        names = [service.name for service in services]
        sources.warn(("defaults", "target"), _never(rules, services[0].target, names), _remedy(rules))


def _meant(service: Service) -> tuple[BurnRule, ...]:
    told = service.uptime
    return told.burn_rules or default_rules(told.burn_period or _USUAL_PERIOD)


def _left_out(service: Service) -> Iterator[BurnRule]:
    told = service.uptime
    if told.burn is False or told.burn_rules or service.environment != "live":
        return
    if any(check.counts_for_uptime for check in service.checks.values()):
        yield from (rule for rule in _meant(service) if not can_fire(rule, service.target))


def _written(sources: Sources, service: Service) -> bool:
    services = sources.tree.get("services")
    block = services.get(service.name) if isinstance(services, dict) else None
    return isinstance(block, dict) and block.get("target") is not None


def _never(rules: Iterable[BurnRule], target: Fraction, names: list[str]) -> str:
    shown = ", ".join(map(shown_rule, rules))
    further = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    whose = ", ".join(names[:_FEW]) + further
    return (
        f"at {show_ratio(target)} these burn-rate rules can never fire and are left out for {whose}: {shown}"
    )


def _remedy(rules: Iterable[BurnRule]) -> str:
    most = max(rule.factor for rule in rules)
    least = Fraction(ceil((1 - 1 / most) * 10000), 10000)
    return f"from {show_ratio(least)} on all of them can; or write uptime: {{burn_rules: [...]}}"


def _rule(sources: Sources, where: Where, rule: BurnRule, target: Fraction) -> None:
    if rule.short >= rule.long:
        message = f"must be shorter than long ({show_duration(rule.long)}), got {show_duration(rule.short)}"
        sources.blame((*where, "short"), message, "such as a twelfth of it")
    if target < 1 and not can_fire(rule, target):
        allowed, factor = 1 - target, shown_factor(rule.factor)
        bad = f"{factor} x {show_ratio(allowed)} of bad time is {show_ratio(rule.factor * allowed)}"
        hint = f"write less than {shown_factor(1 / allowed)}, or promise more"
        sources.blame((*where, "factor"), f"can never fire at a target of {show_ratio(target)}: {bad}", hint)


def _name(sources: Sources, where: Where, service: Service) -> None:
    for name, about in _TAKEN.items():
        if name in service.checks or name in service.disabled:
            message = f"no check can be called that: tickets about {about} are"
            hint = f"give it another name, with was: {name} to keep its history"
            sources.blame((*where, name), message, hint, key=True)
