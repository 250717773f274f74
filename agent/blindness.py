"""Blind checks on a draft: which have been unknown for too long although they could be looked at."""

from __future__ import annotations

from agent.memory import Address, CheckMemory, Draft
from agent.rulebook import Rulebook
from agent.troubles import began, ended
from alerting.calendars import Calendar, opens_at
from alerting.incidents.blind import BLIND, Unseen, blind, problem, unseen
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import paused
from config.models import Check

_NEVER = 2**63
_SEEN = "all of them are seen again"


def look_for_blindness(draft: Draft, rules: Rulebook, now: int) -> None:
    """Report what has become blind, or is seen again, by now. What is not unknown costs a comparison."""
    found: dict[str, list[Unseen]] = {}
    named = {key[0]: each for key, _ in draft.problems.items() if (each := _lasting(draft, key)) is not None}
    for address, memory in draft.checks.items():
        if memory.state.unknown_since is None:
            continue
        check = rules.checks.get(address)
        if check is None:
            continue
        before = named.get(address[0])
        told = before is not None and check.name in before.names
        one = _again(check, memory) if told else _blind(draft, check, memory, now)
        if one is not None:
            found.setdefault(address[0], []).append(one)
    for service in found.keys() | named.keys():
        _follow(draft, service, sorted(found.get(service, ()), key=_by_name), now)


def _follow(draft: Draft, service: str, unseen_now: list[Unseen], now: int) -> None:
    """Once for each change of who is blind: reasons that differ from look to look are not told anew."""
    key = (service, BLIND)
    before = _lasting(draft, key)
    if unseen_now:
        after = problem(service, unseen_now, now)
        if before is None or before.names != after.names:
            began(draft, after)
    elif before is not None:
        ended(draft, key, _seen_at(draft, before, now), now, _SEEN)


def _lasting(draft: Draft, key: Address) -> Problem | None:
    found = draft.problems.get(key) if key[1] == BLIND else None
    return found if found is not None and found.over is None else None


def _by_name(one: Unseen) -> str:
    return one.check


def _again(check: Check, memory: CheckMemory) -> Unseen:
    """Who was named stays so until it is seen, whatever would hold it back now."""
    assert memory.state.unknown_since is not None  # who is seen is not asked
    return unseen(check.name, memory.last, memory.state.unknown_since)


def _blind(draft: Draft, check: Check, memory: CheckMemory, now: int) -> Unseen | None:
    since = max(memory.state.unknown_since or 0, draft.looking_since)
    if blind(check, memory.last, since, now) is None:
        return None
    since = max(since, _could_look(draft, check, now))
    return blind(check, memory.last, since, now)


def _could_look(draft: Draft, check: Check, now: int) -> int:
    """Since when the check has been looked at without a rest or a pause; later than now while it is not looked at.

    Kept between two of these questions: only what is unknown for long is asked, and a calendar only when it opens.
    """
    address = (check.service, check.name)
    known = draft.could_look.get(address, 0)
    if known > now:
        return known
    if paused(draft.suppressions, check.service, check.name, now) is not None:
        known = now
    elif check.active:
        opens = opens_at([Calendar(each) for each in check.active], now)
        known = known if opens == now else _NEVER if opens is None else opens
    draft.could_look[address] = known
    return known


def _seen_at(draft: Draft, before: Problem, now: int) -> int:
    """When the last of them was seen again."""
    tracks = (draft.check((before.service, name)).track for name in before.names)
    moments = [track[-1][0] for track in tracks if track]
    return max((moment for moment in moments if before.since < moment <= now), default=now)
