"""Mistakes of policies that only the whole file shows: names that lead nowhere, tiers that are not there, and targets
that do not go together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from config.models import Config, Service, Team
from config.places import Where
from config.policies import DEFAULT_POLICY, PRIORITIES, Overall, Policy, Targets, Term, TicketMatch
from config.policy_reader import with_targets
from config.sources import Sources
from config.terms import show_term
from config.ticket_targets import NO_TARGETS
from config.units import DAY, show_ratio

Known = Callable[[Where, str | None, Collection[str], str], None]


def look_at_policies(sources: Sources, config: Config, known: Known, services: Collection[str]) -> None:
    """Note mistakes and warnings in `sources`; `known` notes a name that is not among those that there are."""
    for name, block in _section(sources, "policies").items():
        if isinstance(block, Mapping):
            _names(config, known, ("policies", name), block, services)
            _tiers(sources, ("policies", name), block, config.policies[name])
    for name, team in config.teams.items():
        known(("teams", name, "policy"), team.policy, config.policies, "policy")
    if sources.whole and not sources.problems:
        _overall(sources, config)


def _names(
    config: Config, known: Known, where: Where, block: Mapping[str, Any], services: Collection[str]
) -> None:
    calendar = block.get("calendar")
    if isinstance(calendar, str):
        known((*where, "calendar"), calendar, config.calendars, "calendar")
    for place, match in _matches(where, block, config.policies[str(where[1])]):
        for number, service in enumerate(match.service):
            known((*place, "service", number), service, services, "service")
        for number, team in enumerate(match.team):
            known((*place, "team", number), team, config.teams, "team")


def _matches(where: Where, block: Mapping[str, Any], policy: Policy) -> Iterator[tuple[Where, TicketMatch]]:
    """The matches that stand in the block itself."""
    for option in ("priorities", "jumps"):
        if isinstance(block.get(option), list):
            for number, rule in enumerate(getattr(policy, option)):
                yield (*where, option, number, "match"), rule.match


def _tiers(sources: Sources, where: Where, block: Mapping[str, Any], policy: Policy) -> None:
    """Nothing leads beyond the last tier."""
    places: list[tuple[Where, int | None]] = []
    if isinstance(block.get("jumps"), list):
        places += [((*where, "jumps", n, "tier"), jump.tier) for n, jump in enumerate(policy.jumps)]
    rises = block.get("rises")
    for priority in PRIORITIES:
        if isinstance(rises, Mapping) and isinstance(rises.get(priority), list):
            steps = enumerate(policy.rises.get(priority, ()))
            places += [((*where, "rises", priority, n, "tier"), rise.tier) for n, rise in steps]
    for place, tier in places:
        if tier is not None and tier > policy.highest_tier:
            hint = f"raise highest_tier, or write at most {policy.highest_tier}"
            sources.blame(place, f"there is no tier {tier}: the last one is {policy.highest_tier}", hint)


def _overall(sources: Sources, config: Config) -> None:
    """A target for all tickets together that the targets of some of them do not allow for."""
    warned: set[str] = set()
    for where, name in _places(sources, config):
        policy = config.policies.get(name)
        if policy is not None and name not in warned:
            warned.add(name)
            _warn(sources, where, policy, policy.overall)
    tellers: list[tuple[Where, Service | Team]] = [
        *((("services", name), service) for name, service in config.services.items()),
        *((("teams", name), team) for name, team in config.teams.items()),
    ]
    for where, teller in tellers:
        base = config.policies.get(teller.policy or DEFAULT_POLICY.name)
        if base is not None and teller.ticket_targets != NO_TARGETS:
            kept = tuple(overall for overall in base.overall if not _too_slow(base, overall))
            _warn(sources, (*where, "ticket_targets"), with_targets(base, teller.ticket_targets), kept)


def _places(sources: Sources, config: Config) -> Iterator[tuple[Where, str]]:
    """Where each policy is written, or named first."""
    for name, block in _section(sources, "policies").items():
        said = block if isinstance(block, Mapping) else {}
        option = next((option for option in ("overall", "targets") if option in said), None)
        yield ("policies", name) if option is None else ("policies", name, option), name
    for name, service in config.services.items():
        if service.policy:
            yield ("services", name, "policy"), service.policy
    for name, team in config.teams.items():
        if team.policy:
            yield ("teams", name, "policy"), team.policy


def _warn(sources: Sources, where: Where, policy: Policy, promises: tuple[Overall, ...]) -> None:
    for overall in promises:
        slow = _too_slow(policy, overall)
        if slow:
            promise = f"{show_ratio(overall.share)} resolved within {show_term(overall.within)}"
            message = f"{promise} is out of reach where tickets use up their own targets: {', '.join(slow)}"
            sources.warn(where, message, f"lower these to {show_term(overall.within)}, or promise less")


def _too_slow(policy: Policy, overall: Overall) -> list[str]:
    """The priorities whose tickets may be in time by themselves, and late for this."""
    found = []
    for priority in PRIORITIES:
        term = policy.targets.get(priority, Targets()).resolve
        if term is None or _longer(term, overall.within, by_calendar=priority in policy.business):
            found.append(f"{priority} {show_term(term)}")
    return found


def _longer(term: Term, within: Term, *, by_calendar: bool) -> bool:
    """Whether the term can last longer: a business day lasts a day at least, and open hours longer than they count."""
    if within.business_days or term.business_days:
        if within.business_days and term.business_days:
            return term.business_days > within.business_days
        return term.business_days * DAY + term.seconds > within.business_days * DAY + within.seconds
    return term.seconds > within.seconds or (by_calendar and term.seconds == within.seconds)


def _section(sources: Sources, name: str) -> Mapping[str, Any]:
    blocks = sources.tree.get(name)
    return blocks if isinstance(blocks, dict) else {}
