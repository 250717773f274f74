"""Why a check did or did not alert, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.explanation.answer import Answer, Verdict
from agent.views.reasons import Show, shown
from checks.base import LEVEL, Status
from config.units import show_duration

if TYPE_CHECKING:
    from agent.explanation.confirming import Progress


def progress_words(progress: Progress) -> str:
    """How far it is confirmed: `1 of 2 failing readings: not confirmed`."""
    sort = "good" if progress.towards is Status.OK else "failing"
    if LEVEL[progress.towards] == 1 and progress.rule.startswith("recover"):
        sort = "better"
    end = "recovery is not confirmed" if progress.rule.startswith("recover") else "not confirmed"
    if progress.must_last is not None:
        must, lasted = show_duration(progress.must_last), show_duration(int(progress.lasted))
        verb = "must stay so" if progress.rule.startswith("recover") else "must hold"
        return f"{verb} {must}, held {lasted}: {end}"
    if progress.seen >= progress.wanted:
        return f"{progress.seen} {sort} readings, as by now {progress.wanted} would be enough: {end}"
    many = "reading" if progress.wanted == 1 else "readings"
    among = f" among the last {progress.of}" if progress.of is not None else ""
    return f"{progress.seen} of {progress.wanted} {sort} {many}{among}: {end}"


def in_words(answer: Answer, show: Show) -> str:
    """The answer in a sentence or two; `show` writes moments for whoever reads it."""
    since = f" since {show(answer.since)}" if answer.since is not None else ""
    state = f"{answer.state.value}{since}" if answer.state else ""
    return "; ".join(each for each in (state, _why(answer, show), _more(answer)) if each)


def _why(answer: Answer, show: Show) -> str:
    if answer.verdict in (Verdict.ALERTED, Verdict.FOLDED):
        return _incident(answer, show)
    if answer.verdict is Verdict.HELD:
        return f"held back by {_held(answer, show)}"
    if answer.verdict is Verdict.WAITING:
        return f"it waits for {_held(answer, show)}"
    if answer.verdict is Verdict.UNCONFIRMED:
        return _unconfirmed(answer, show)
    if answer.verdict is Verdict.NOT_DECIDED:
        return _undecided(answer, show)
    if answer.verdict is Verdict.NOT_LOOKED_AT:
        return _unseen(answer, show)
    if answer.verdict is Verdict.UNKNOWN:
        return _unknown(answer, show)
    return "there was nothing to alert about"


def _incident(answer: Answer, show: Show) -> str:
    incident, decided = answer.incident, answer.decided
    if incident is None:
        return f"{decided.what.value} by {decided.by}" if decided else ""
    own = (incident.service, incident.rule) == (answer.service, answer.rule)
    whose = "" if own else f" of {incident.service}.{incident.rule}"
    name = f"incident {incident.id}{whose} (T-{incident.ticket})"
    if decided is None:
        return f"{name}, opened at {show(incident.opened_at)}; why is not stored"
    what = {"folded": "folded into", "adopted": "adopted by"}.get(decided.what.value, decided.what.value)
    return f"{what} {name} at {show(decided.at)} by {decided.by}: {shown(decided.reason)}"


def _held(answer: Answer, show: Show) -> str:
    decided = answer.decided
    if decided is None:
        return "what is not stored"
    # Its end may have been moved since the decision.
    ends = [each.end for each in answer.in_force if each.id == decided.by]
    until = ends[0] if ends else decided.facts.get("until")
    end = f" until {show(until)}" if isinstance(until, int) else ""
    cause = decided.facts.get("cause")
    name = f"{decided.by} ({shown(str(cause))})" if cause and str(cause) not in decided.by else decided.by
    return f"{name}{end} since {show(decided.at)}: {shown(decided.reason)}"


def _unconfirmed(answer: Answer, show: Show) -> str:
    if answer.blip is not None:
        blip = answer.blip
        times = f"{blip.count} failing reading{'s' if blip.count != 1 else ''}"
        return f"{times} from {show(blip.start)} to {show(blip.end)}, never confirmed: {shown(blip.reason)}"
    return "" if answer.progress else "the last reading failed: not confirmed"


def _undecided(answer: Answer, show: Show) -> str:
    if answer.later:
        next_ = answer.later[0]
        return f"what becomes of it was decided at {show(next_.at)}: {next_.what.value} by {next_.by}"
    return "what became of it is not stored"


def _unseen(answer: Answer, show: Show) -> str:
    attention = answer.attention
    if not attention.configured:
        return "it is not in the configuration"
    if attention.disabled is not None:
        return f"disabled: {shown(attention.disabled)}"
    if attention.pause is not None:
        pause = attention.pause
        return f"paused by {pause.by} until {show(pause.end)} ({pause.id}): {shown(pause.reason)}"
    if attention.gap is not None:
        gap = attention.gap
        return f"nobody looked from {show(gap.start)} to {show(gap.end)} ({gap.why.value})"
    if attention.stopped is not None:
        return f"the agent does not run; its last sign of life was at {show(attention.stopped)}"
    until = f" until {show(attention.resting_until)}" if attention.resting_until is not None else ""
    return f"it rested{until}: outside of its calendar"


def _unknown(answer: Answer, show: Show) -> str:
    before = [each for each in answer.readings if each.at <= answer.at]
    if before and before[-1].status == Status.UNKNOWN:
        return (
            f"it could not be looked at, which neither opens nor closes anything: {shown(before[-1].message)}"
        )
    last = f" since {show(before[-1].at)}" if before else ""
    return f"nothing was seen of it{last}"


def _more(answer: Answer) -> str:
    words = [progress_words(each) for each in answer.progress]
    unrest = answer.unrest
    if unrest is not None and unrest.share >= unrest.leave:
        words.append(
            f"restless: {unrest.share:.0%} of its last readings are change, flapping begins above {unrest.enter:.0%}"
        )
    if not answer.kept:
        words.append("single readings of then are kept no more")
    return "; ".join(words)
