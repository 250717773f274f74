"""Tracks on a draft: what a reading, silence, a stop or a reload makes of the time of checks and services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.memory import Address, CheckMemory, Draft
from agent.rulebook import Rulebook
from alerting.slo.gaps import SET_BACK
from alerting.slo.spans import Klass
from alerting.slo.track import (
    SLACK,
    Track,
    TrackChange,
    backdated,
    change,
    cut_off,
    first_change,
    pruned,
    service_track,
    turned,
)
from alerting.state import Flip
from checks.base import Reading, Status

_SECOND = 1_000_000
_FEW = 8


def track_after(
    before: CheckMemory, reading: Reading, confirmed: Klass, flip: Flip | None, valid_for: float
) -> Track:
    """The check's track after a reading. The time in which the last one was no longer believed is unknown."""
    track, believed = before.track, believed_until(before, valid_for)
    if track and reading.at > believed >= track[-1][0]:
        track = turned(track, believed, Klass.UNKNOWN)
    klass = Klass.UNKNOWN if reading.status is Status.UNKNOWN else confirmed
    if flip is not None:
        track = backdated(track, flip)
    return turned(track, reading.at, klass)


def believed_until(memory: CheckMemory, valid_for: float) -> int:
    """A reading holds until the next one, or this long; a shorter interval takes nothing from what was seen before."""
    return memory.state.last_at + int(max(valid_for, memory.believed_for) * _SECOND)


def write_track(draft: Draft, rules: Rulebook, address: Address, before: Track, after: Track) -> None:
    """Ledger rows of the check, and of its service when the check counts for uptime."""
    since = first_change(before, after)
    if since is None:
        return
    service = address[0]
    draft.spans.append((*address, change(before, after)))
    if address in rules.counting.get(service, ()):
        judge_service(draft, rules, service, since, after[-1][0])
    # Looking through all checks of a service for each of them would be quadratic when many change at once.
    if max(len(after), len(draft.services.get(service) or ())) > _FEW:
        _prune(draft, rules, service)


def judge_service(draft: Draft, rules: Rulebook, service: str, since: int, at: int) -> None:
    """A service begins with the first reading that is committed; what a late one says of before is left out.

    Unless it is so much earlier that the clock was set back: then the service begins anew with it.
    """
    old = draft.services.get(service) or ()
    tracks = [track for each in rules.counting[service] if (track := draft.check(each).track)]
    begun = old[0][0] if old else min((track[0][0] for track in tracks), default=since)
    if begun - since > SET_BACK:
        return  # a clock that is not believed
    first = since if since < begun - SLACK else max(since, begun)
    # A look that began earlier may come in later: what the others said after it is judged anew as well.
    last = max(at, first, *(track[-1][0] for track in tracks))
    missing = len(rules.counting[service]) - len(tracks)
    new = service_track(old, [*tracks, *([()] * missing)], rules.down_when[service], first, last)
    _put_service(draft, service, old, new)


def rejudge(draft: Draft, rules: Rulebook, now: int, before: Rulebook | None = None) -> None:
    """Judge every service anew from now on whose rule, or which of its checks count, may have changed."""
    for service, counting in rules.counting.items():
        if before is not None and _judged_alike(service, before, rules):
            continue
        if any(draft.check(address).track for address in counting):
            judge_service(draft, rules, service, now, now)
        elif draft.services.get(service) and not counting:
            close_service(draft, service, now)


def _judged_alike(service: str, before: Rulebook, rules: Rulebook) -> bool:
    known = service in before.services
    alike = known and before.counting[service] == rules.counting[service]
    return alike and before.down_when[service] == rules.down_when[service]


def silence(draft: Draft, rules: Rulebook, now: int) -> None:
    """What was not looked at in time is unknown, whatever was seen last, without waiting for the next look."""
    for address, check in rules.checks.items():
        memory = draft.check(address)
        believed = believed_until(memory, check.valid_for)
        if memory.track and memory.track[-1][1] is not Klass.UNKNOWN and now > believed:
            _turn_unknown(draft, rules, address, believed)


def turn_away(draft: Draft, rules: Rulebook, address: Address, since: int) -> None:
    """Nobody looks from then on, as somebody wants it: unknown time, for which nobody is to blame."""
    memory = draft.check(address)
    state = replace(memory.state, unknown_since=None)
    if state != memory.state:
        draft.told[address] = rules.checks[address].kind
    after = turned(memory.track, since, Klass.UNKNOWN) if memory.track else ()
    draft.checks.put(address, replace(memory, track=after, state=state))
    if after:
        write_track(draft, rules, address, memory.track, after)


def mark_unseen(draft: Draft, rules: Rulebook, since: int) -> None:
    """The daemon itself was not there: everything known is unknown from `since` on, or from when it got too old."""
    for address in draft.known_checks():
        check = rules.checks.get(address)
        believed = since if check is None else believed_until(draft.check(address), check.valid_for)
        # Far before it stands only what was seen by a clock that is not believed.
        _turn_unknown(draft, rules, address, min(since, believed if since - believed <= SET_BACK else since))
    for service in draft.known_services():
        old = draft.services.get(service) or ()
        _put_service(draft, service, old, turned(old, since, Klass.UNKNOWN))


def forget_after(draft: Draft, at: int) -> None:
    """Drop whatever was noted for the time after `at`: nobody will ever know it."""
    for address in draft.known_checks():
        memory = draft.check(address)
        if memory.track:
            after = cut_off(memory.track, at)
            draft.spans.append((*address, change(memory.track, after)))
            draft.checks.put(address, replace(memory, track=after))
    for service in draft.known_services():
        old = draft.services.get(service) or ()
        _put_service(draft, service, old, cut_off(old, at))


def close_check(draft: Draft, address: Address, now: int) -> None:
    """End the check's time in the ledger: it is no longer configured."""
    _close(draft, address, draft.check(address).track, now)


def close_service(draft: Draft, service: str, now: int) -> None:
    """End the service's time in the ledger: nothing counts for it any more."""
    _close(draft, (service, ""), draft.services.get(service) or (), now)
    draft.services.drop(service)


def _turn_unknown(draft: Draft, rules: Rulebook, address: Address, since: int) -> None:
    memory = draft.check(address)
    if not memory.track:
        return
    after = turned(memory.track, since, Klass.UNKNOWN)
    unknown_since = memory.state.unknown_since
    state = replace(memory.state, unknown_since=since if unknown_since is None else unknown_since)
    draft.checks.put(address, replace(memory, track=after, state=state))
    write_track(draft, rules, address, memory.track, after)


def _put_service(draft: Draft, service: str, old: Track, new: Track) -> None:
    changes = change(old, new)
    if changes:
        draft.spans.append((service, "", changes))
        draft.services.put(service, new)


def _close(draft: Draft, address: Address, track: Track, now: int) -> None:
    if track:
        start, klass = track[-1]
        closed = TrackChange((), ((start, now, klass),)) if now > start else TrackChange((start,), ())
        draft.spans.append((*address, closed))


def _prune(draft: Draft, rules: Rulebook, service: str) -> None:
    """Forget what nothing can change any more: no pending flip, and no reading that is still under way."""
    addresses = rules.members.get(service, ())
    keep_from = min(_changeable_from(draft.check(address) for address in addresses), default=0)
    for address in addresses:
        memory = draft.check(address)
        shorter = pruned(memory.track, keep_from)
        if len(shorter) < len(memory.track):
            draft.checks.put(address, replace(memory, track=shorter))
    track = draft.services.get(service)
    if track:
        draft.services.put(service, pruned(track, keep_from))


def _changeable_from(memories: Iterable[CheckMemory]) -> Iterable[int]:
    """A check's next reading may be of any moment after its last one (0 before its first)."""
    for memory in memories:
        pending, last = memory.state.unsettled_since, memory.state.last_at
        yield last if pending is None else min(pending, last)
