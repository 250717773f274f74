"""Why a check did or did not alert, printed for people, the answer first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agent.cli.folding import folded
from agent.cli.output import coloured, local
from agent.explanation.answer import Answer, Verdict
from agent.views.check_words import in_words
from agent.views.reasons import Show, shown

if TYPE_CHECKING:
    from agent.store.evidence import Sight
    from alerting.incidents.decision import Decision

_LISTED = 8
_WORDS = {
    Verdict.ALERTED: "it alerted",
    Verdict.FOLDED: "part of another incident",
    Verdict.HELD: "held back",
    Verdict.WAITING: "waiting",
    Verdict.UNCONFIRMED: "not confirmed",
    Verdict.NOT_DECIDED: "not decided yet",
    Verdict.UNKNOWN: "unknown",
    Verdict.WELL: "nothing to alert about",
    Verdict.NOT_LOOKED_AT: "not looked at",
}


def print_answer(answer: Answer, zone: str) -> None:
    """For people: the answer, then what it rests on."""

    def show(at: int) -> str:
        return local(at, zone)

    colour = {Verdict.ALERTED: "open", Verdict.WELL: "ok", Verdict.UNKNOWN: "unknown"}.get(
        answer.verdict, "degraded"
    )
    print(f"{answer.service}.{answer.rule} at {show(answer.at)}: {coloured(_WORDS[answer.verdict], colour)}")
    for line in (in_words(answer, show), *_grounds(answer, show)):
        print("\n".join(folded(line.lstrip(), *_indents(line))))


def _indents(line: str) -> tuple[str, str]:
    lead = line[: len(line) - len(line.lstrip())] or "  "
    return lead + "  ", lead


def _grounds(answer: Answer, show: Show) -> Iterator[str]:
    for cover in answer.in_force:
        yield f"  in force: {cover.id}, {cover.why} until {show(cover.end)} by {cover.by}: {shown(cover.reason)}"
    before = [each for each in answer.readings if each.at <= answer.at]
    yield from _list("readings up to then", [_sight(each, show) for each in before[-_LISTED:]])
    yield from _list("and after", [_sight(each, show) for each in answer.readings[len(before) :]])
    yield from _list("decided", [_decision(each, show) for each in answer.decisions[-_LISTED:]])
    yield from _list("decided later", [_decision(each, show) for each in answer.later])


def _list(name: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {name}:"
        yield from (f"    {line}" for line in lines)


def _sight(sight: Sight, show: Show) -> str:
    return f"{show(sight.at)}  {sight.status}  {shown(sight.message)}"


def _decision(decision: Decision, show: Show) -> str:
    number = f" (incident {decision.incident})" if decision.incident is not None else ""
    what = decision.what.value.replace("_", " ")
    return f"{show(decision.at)}  {what} by {decision.by}{number}: {shown(decision.reason)}"
