"""What a reading, the passing of time, a start or a reload changes: pure steps put together on a draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.blindness import look_for_blindness
from agent.desk import rooms, routing
from agent.desk.ending import close_watched
from agent.forwarding import due_by_time, look_again
from agent.incidents.ends import end_removed, end_watches
from agent.incidents.settling import Settling
from agent.ledger import (
    close_check,
    close_service,
    forget_after,
    mark_unseen,
    rejudge,
    silence,
    track_after,
    write_track,
)
from agent.memory import LAST_READINGS, Address, CheckMemory, Draft
from agent.mirror import mirror
from agent.renames import rename
from agent.rulebook import Rulebook
from agent.trial import end_tests
from agent.troubles import began, calmed, ended, seen
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import paused
from alerting.slo.blips import weighed
from alerting.slo.gaps import Gap, Step, believed, is_far, of_step, undone, while_stopped
from alerting.slo.spans import Klass
from alerting.slo.track import OF_STATE
from alerting.state import CheckState, Flip, step
from checks.base import Reading, Status
from config.burn import BUDGET, burn_rules
from config.models import Check

_BAD = (Klass.DOWN, Klass.DEGRADED)
_GONE = "no longer in the configuration"


def take(
    draft: Draft, rules: Rulebook, address: Address, reading: Reading, made_under: str = ""
) -> Flip | None:
    """One reading: state, spans of check and service, incident and ticket. Readings of dropped checks are ignored.

    `made_under` is the fingerprint of the options that the look was made with: what was seen under options that
    count no more, such as an address that has just been mended, is ignored too.
    """
    if address not in rules.checks:
        address = rules.heirs.get(address, address)  # it got its new name while the look was under way
    check = rules.checks.get(address)
    if check is None or (made_under and made_under != rules.fingerprints[address]):
        return None
    if paused(draft.suppressions, *address, reading.at):
        return None
    before = draft.check(address)
    spec = rules.state_specs[address]
    state, flip = step(before.state, reading, spec)
    state, blip = weighed(before.state, state, reading, spec.valid_for)
    track = track_after(before, reading, OF_STATE[state.state or Status.UNKNOWN], flip, check.valid_for)
    last = (*before.readings, reading)[-LAST_READINGS:]
    memo_of = rules.fingerprints[address]
    good = before.good_after(reading)
    draft.checks.put(address, CheckMemory(state, track, last, reading.memo, memo_of, check.valid_for, good))
    draft.readings.append((address, check.kind, reading))
    write_track(draft, rules, address, before.track, track)
    if blip is not None:
        draft.blips.append((address, blip))
    if flip is not None:
        draft.flips.append((address, flip))
        facts = {"before": flip.before, "after": flip.after, "reason": flip.reason}
        draft.tell("check.flipped", check=check.address, **facts)
        _to_problem(draft, rules, check, flip, reading)
    elif draft.problems.get(address) is not None:
        _flaps(draft, address, state)
        seen(draft, address, reading)
    return flip


def _to_problem(draft: Draft, rules: Rulebook, check: Check, flip: Flip, reading: Reading) -> None:
    """What a flip says of the trouble that its check stands for."""
    address = (check.service, check.name)
    before, flapping = draft.problems.get(address), draft.check(address).state.flapping
    if before is not None and before.over is not None:
        conclude(draft, rules, flip.at)  # what came back within one transaction had been over
    if flip.after is Status.OK:
        if flapping or (
            before is not None and before.flapping and not _steadily(draft, rules, address, flip)
        ):
            calmed(draft, address, flip.segments[-1][0])
        else:
            ended(draft, address, flip.segments[-1][0], flip.at, flip.reason)
        return
    began(
        draft,
        Problem(
            *address,
            flip.after,
            flip.since,
            flip.at,
            flip.reason,
            reading.error_kind,
            forecast=reading.forecast and flip.after is Status.DEGRADED,
            share=reading.share,
            flapping=flapping,
        ),
    )


def _steadily(draft: Draft, rules: Rulebook, address: Address, flip: Flip) -> bool:
    """Whether it was bad for so long that what comes now is a recovery like any other."""
    bad_since = max((at for at, klass in draft.check(address).track if klass in _BAD), default=flip.at)
    return flip.at - bad_since >= rules.services[address[0]].watch_for * 1_000_000


def _flaps(draft: Draft, address: Address, state: CheckState) -> None:
    """Whether trouble that lasts comes and goes too often to be told each time."""
    problem = draft.problems.get(address)
    if problem is not None and state.flapping and not problem.flapping:
        draft.problems.put(address, replace(problem, flapping=True))
        draft.unsettled = True


def tell(draft: Draft, address: Address, check: Check, memo: Any, *, silent: bool) -> None:
    """What a check was told stands in its memo; when `silent`, no reading of it follows in this transaction."""
    draft.checks.put(address, replace(draft.check(address), memo=memo))
    if silent:
        draft.told[address] = check.kind


def sweep(draft: Draft, rules: Rulebook, now: int) -> None:
    """What becomes due by time alone: readings that are too old, watches that are over."""
    silence(draft, rules, now)
    look_for_blindness(draft, rules, now)
    end_watches(draft, now)
    close_watched(draft, rules, now)
    end_tests(draft, now)
    draft.unsettled = True  # what waits, or is held back, may have waited long enough
    draft.to_mirror |= due_by_time(draft, rules, now)
    sweep_desk(draft)


def sweep_desk(draft: Draft) -> None:
    """Have the desk look at the tickets that are due by time."""
    draft.desk_sweep = True


def conclude(draft: Draft, rules: Rulebook, now: int) -> None:
    """Once for each transaction, when all that came in is on the draft: what becomes of problems and tickets."""
    if draft.unsettled or draft.waiting:
        Settling(draft, rules, now).run()
    rooms.run(draft, rules, now)
    mirror(draft, rules, now)


def catch_up(draft: Draft, rules: Rulebook, alive_until: int | None, now: int) -> None:
    """After a start: the time since the last sign of life is unknown, and the configuration may be another."""
    rename(draft, rules, now)
    draft.unsettled = True
    draft.looking_since = now
    sweep_desk(draft)
    end_tests(draft, now, older=0)
    if alive_until is not None:
        gap = while_stopped(alive_until, now)
        if not _set_right(draft, Step(alive_until, now, 0)):
            _note(draft, gap)
            mark_unseen(draft, rules, alive_until)
    follow(draft, rules, now)


def clock_was_set(draft: Draft, rules: Rulebook, step: Step) -> None:
    """The machine's clock was set: nobody can say what happened in the time around it."""
    draft.looking_since = step.new
    draft.could_look.clear()
    known = step.old if draft.known is None else draft.known
    if _set_right(draft, step):
        return
    gap, was_believed = of_step(step, known), believed(step.old, known)
    _note(draft, gap)
    if gap is None and was_believed:
        draft.known = max(known, step.old - step.elapsed)
    elif gap is not None and not was_believed:
        mark_unseen(draft, rules, gap.start)


def _set_right(draft: Draft, step: Step) -> bool:
    """Whether the clock came back to where it was before it was set far ahead: as if it had never been."""
    far, left = draft.far, undone(draft.far, step)
    if far is None or left is None:
        return False
    draft.no_gaps.append(far)
    draft.far, draft.known = None, step.new
    _note(draft, left)
    forget_after(draft, left.start)
    return True


def _note(draft: Draft, gap: Gap | None) -> None:
    if gap is not None:
        draft.gaps.append(gap)
        draft.far = gap if is_far(gap) else draft.far


def follow(draft: Draft, rules: Rulebook, now: int, before: Rulebook | None = None) -> None:
    """Follow the configuration: take over what was renamed, end what is gone, judge by what counts now.

    `before` are the rules that were in force; None when nobody knows.
    """
    draft.could_look.clear()
    if before is not None:
        conclude(draft, before, now)  # what came in with the change was seen under the rules before it
    rename(draft, rules, now)
    for address in draft.known_checks():
        if address in rules.checks:
            continue
        disabled = rules.disabled.get(address)
        end_removed(draft, rules, address, now, f"disabled: {disabled}" if disabled else _GONE)
        close_check(draft, address, now)
        draft.checks.drop(address)
    for service in draft.known_services():
        if service not in rules.services:
            close_service(draft, service, now)
    _end_unwatched(draft, rules, now)
    routing.follow_teams(draft, rules, now)
    look_again(draft, draft.forward_due.keys())
    draft.unsettled = True
    rejudge(draft, rules, now, before)


def _end_unwatched(draft: Draft, rules: Rulebook, now: int) -> None:
    """What no check stands behind ends with its service; trouble of a budget, wherever it is, with its rules too."""
    for key in dict.fromkeys((*draft.problems.keys(), *draft.incidents.keys())):
        why = _unwatched(rules, *key)
        if why is not None:
            end_removed(draft, rules, key, now, why)


def _unwatched(rules: Rulebook, name: str, rule: str) -> str | None:
    """Why nobody judges the rule of the service any more; None when somebody may, and of checks that are left."""
    service = rules.services.get(name)
    if service is None:
        return _GONE
    if rule != BUDGET:
        return None
    if not service.checks:
        return f"disabled: {next(iter(service.disabled.values()))}" if service.disabled else _GONE
    return None if burn_rules(service) else "without burn-rate rules"
