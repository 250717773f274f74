"""Observation + conditions -> Reading, in the contract's order of decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from checks.base import LEVEL, ErrorKind, Judged, Kind, Observation, Reading, Requests, Scalar, Status
from checks.closely import closer
from checks.foresight import is_forecast, share_of
from checks.masking import is_private, masked, masked_value, secretless
from checks.readable import readable
from checks.text import visible, visible_lines
from checks.versions import versions
from checks.worst import worst_of
from config.conditions import Condition, Facts, Leaf, Verdict, evaluate, holds, render
from config.secrets import HIDDEN, mask

_EXCERPT = 300
_MASKED_FIRST = 4096
_MESSAGE = 500
_REASON = 400
_SUMMED_UP = 3
_LONG_TEXT = 16 * 1024
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Rules:
    """What a check's readings are judged by. To `explain`, a good reading carries its conditions too.

    `closely`: a person looks; the reading carries all there is to see, masked even when it is good.
    """

    kind: Kind
    down: Sequence[Condition]
    degraded: Sequence[Condition]
    explain: bool = False
    closely: bool = False


def judge(seen: Observation, rules: Rules, at: int, took: float) -> Reading:
    """One reading. `at` is microseconds UTC, `took` seconds."""
    if seen.parts:
        parts = {name: judge(part, rules, at, took) for name, part in seen.parts.items()}
        worst = worst_of(parts, seen)
        if not rules.closely:
            return worst
        return replace(worst, parts=parts, notes=tuple(map(masked, worst.notes)))
    reading = _judge(seen, rules, at, took)
    if seen.requests is not None or rules.kind.looks_are_requests:
        reading = replace(reading, requests=seen.requests or _own_request(reading))
    return closer(reading, seen) if rules.closely else reading


def _own_request(reading: Reading) -> Requests | None:
    """The look itself as a request."""
    if reading.status is Status.UNKNOWN:
        return None
    hour = reading.at // 1_000_000 // _HOUR * _HOUR
    return Requests({hour: (1, int(reading.status is not Status.DOWN))})


def _judge(seen: Observation, rules: Rules, at: int, took: float) -> Reading:
    if seen.blind is not None:
        return _unjudged(seen, Status.UNKNOWN, f"could not look: {seen.blind}", (at, took))
    if seen.failure is not None:
        return _unjudged(seen, Status.DOWN, seen.failure, (at, took))
    if seen.says is Status.UNKNOWN:
        return _unjudged(seen, Status.UNKNOWN, seen.text or "", (at, took))
    values = _complete(seen, rules.kind, took)
    facts = Facts(_readable(values, seen), seen.headers, seen.body, seen.whole)
    well, asked = seen.says in (None, Status.OK) and not rules.closely, (*rules.down, *rules.degraded)
    if well and not rules.explain and all(holds(each, facts) is False for each in asked):
        return _good(seen, values, rules.kind, (at, took))
    down = [(condition, evaluate(condition, facts)) for condition in rules.down]
    degraded = [(condition, evaluate(condition, facts)) for condition in rules.degraded]
    if not well or any(verdict.result is not False for _, verdict in (*down, *degraded)):
        # Only what may reach a ticket is searched for secrets: that costs more than the judging.
        down, degraded = _without_secrets(down), _without_secrets(degraded)
    status, firm, reason = _with_own_word(seen.says, *_verdict(down, degraded))
    if status is Status.UNKNOWN and seen.unread:
        reason += _why_unread(seen, asked)
    judged = (*_judged(Status.DOWN, down), *_judged(Status.DEGRADED, degraded))
    hide = secretless if status is Status.OK and not rules.closely else masked
    clean = _clean(values, hide)
    return Reading(
        status=status,
        firm=firm,
        at=at,
        took=took,
        message=_message(seen, rules.kind, clean, reason),
        error_kind=seen.error_kind or _kind_of_failure(status, judged),
        values=clean,
        phases=seen.phases,
        conditions=judged,
        excerpt=_excerpt(seen) if status in (Status.DOWN, Status.DEGRADED) else "",
        notes=tuple(map(hide, _notes(seen))),
        memo=seen.memo,
        text=_output(seen.text, hide),
        long_text=_output(seen.long_text, hide),
        perfdata=seen.perfdata,
        forecast=status is Status.DEGRADED
        and seen.says in (None, Status.OK)
        and is_forecast(judged, rules.kind.values),
        share=share_of(judged, rules.kind.values, values),
        versions=versions(seen.headers),
    )


def _good(seen: Observation, values: dict[str, Scalar], kind: Kind, when: tuple[int, float]) -> Reading:
    """The reading of most looks: nothing is wrong, and nobody asks why."""
    clean = _clean(values, secretless)
    return Reading(
        status=Status.OK,
        firm=Status.OK,
        at=when[0],
        took=when[1],
        message=_message(seen, kind, clean),
        error_kind=seen.error_kind,
        values=clean,
        phases=seen.phases,
        notes=tuple(map(secretless, _notes(seen))),
        memo=seen.memo,
        text=_output(seen.text, secretless),
        long_text=_output(seen.long_text, secretless),
        perfdata=seen.perfdata,
        versions=versions(seen.headers),
    )


def _unjudged(seen: Observation, status: Status, reason: str, when: tuple[int, float]) -> Reading:
    """The reading of a probe that failed or saw nothing: no condition has anything to judge."""
    return Reading(
        status=status,
        firm=status,
        at=when[0],
        took=when[1],
        message=visible(masked(reason[:_MASKED_FIRST]), _MESSAGE),
        error_kind=seen.error_kind,
        values=_clean(seen.values, masked),
        phases=seen.phases,
        excerpt=_excerpt(seen) if status is Status.DOWN else "",
        notes=tuple(map(masked, _notes(seen))),
        memo=seen.memo,
        text=_output(seen.text, masked),
        long_text=_output(seen.long_text, masked),
        perfdata=seen.perfdata,
        waits=seen.waits,
        versions=versions(seen.headers),
    )


def _message(seen: Observation, kind: Kind, values: dict[str, Scalar], reason: str = "") -> str:
    """The first line of a program that tells by itself; what our own conditions found stands before it."""
    if not seen.text:
        return visible(reason, _MESSAGE) if reason else _summary(kind, values)
    hide = secretless if not reason and seen.says is Status.OK else masked
    text = hide(seen.text[:_MASKED_FIRST])
    said = ": " if seen.says is None else "; it says: "
    return visible(f"{reason}{said}{text}" if reason else text, _MESSAGE)


def _with_own_word(
    says: Status | None, status: Status, firm: Status, reason: str
) -> tuple[Status, Status, str]:
    """A verdict of the conditions, and what the program says by itself: the worse one, and its reason."""
    level = LEVEL.get(says, 0) if says else 0
    if says is None or level == 0:
        return status, firm, reason
    if level >= LEVEL.get(status, 0):
        return says, says, ""
    return status, says if level > LEVEL.get(firm, 0) else firm, reason


def _output(text: str | None, hide: Callable[[str], str]) -> str | None:
    return visible_lines(hide(text[:_LONG_TEXT]), _LONG_TEXT) if text else text


Pairs = Sequence[tuple[Condition, Verdict]]


def _without_secrets(pairs: Pairs) -> list[tuple[Condition, Verdict]]:
    """The same answers, with what was seen masked; the questions are the operator's own words and stay."""
    return [
        (condition, replace(verdict, leaves=tuple(map(_masked_leaf, verdict.leaves))))
        for condition, verdict in pairs
    ]


def _masked_leaf(leaf: Leaf) -> Leaf:
    asked = leaf.seen[0][0] if leaf.seen else ""
    seen = tuple((name, _masked_seen(name, text)) for name, text in leaf.seen)
    return replace(leaf, value=masked_value(leaf.value, asked), seen=seen)


def _masked_seen(name: str, text: str) -> str:
    """Of a value such as `header "Set-Cookie"` only that there was one; numbers, absent and unknown stay."""
    return f'"{HIDDEN}"' if text.startswith(('"', "[", "{")) and is_private(name) else masked(text)


def _judged(level: Status, pairs: Pairs) -> list[Judged]:
    return [
        Judged(
            level,
            condition.text,
            verdict.result,
            str(condition.must_hold) if condition.must_hold else None,
            verdict.leaves,
            verdict.causes,
        )
        for condition, verdict in pairs
    ]


def _verdict(down: Pairs, degraded: Pairs) -> tuple[Status, Status, str]:
    """Status, firm status, and why; no why for ok."""
    for status, judged in ((Status.DOWN, down), (Status.DEGRADED, degraded)):
        hits = [(condition, verdict) for condition, verdict in judged if verdict.result is True]
        if hits:
            return status, _firm(down, degraded), "; ".join(_because(*hit) for hit in hits)
    unsure = [(c, v) for c, v in (*down, *degraded) if v.result is None]
    if unsure:
        return (
            Status.UNKNOWN,
            Status.UNKNOWN,
            "could not judge: " + "; ".join(_because(*hit) for hit in unsure),
        )
    return Status.OK, Status.OK, ""


def _why_unread(seen: Observation, asked: Sequence[Condition]) -> str:
    """Why the values that conditions ask for could not be read."""
    names = frozenset().union(*(condition.names for condition in asked))
    return "".join(f"; {name}: {why}" for name, why in seen.unread.items() if name in names)


def _firm(down: Pairs, degraded: Pairs) -> Status:
    for status, judged in ((Status.DOWN, down), (Status.DEGRADED, degraded)):
        if any(verdict.result is True and condition.must_hold is None for condition, verdict in judged):
            return status
    return Status.OK


def _because(condition: Condition, verdict: Verdict) -> str:
    hold = f" [must hold {condition.must_hold}]" if condition.must_hold else ""
    return visible(mask(render(verdict)), _REASON) + hold


def _complete(seen: Observation, kind: Kind, took: float) -> dict[str, Scalar]:
    """Declared values that the answer did not carry are absent (None), not unknown: we did look."""
    values: dict[str, Scalar] = dict.fromkeys((value.name for value in kind.values), None)
    if "took" in values:
        values["took"] = round(took, 6)
    values.update(seen.values)
    return values


def _readable(values: dict[str, Scalar], seen: Observation) -> Mapping[str, Scalar]:
    """A value that could not be read is not among the facts, which makes it unknown."""
    return (
        {name: value for name, value in values.items() if name not in seen.unread} if seen.unread else values
    )


def _notes(seen: Observation) -> tuple[str, ...]:
    """What the probe noted, and each reason for which values could not be read, once."""
    names: dict[str, list[str]] = {}
    for name, reason in seen.unread.items():
        names.setdefault(reason, []).append(name)
    return (*seen.notes, *(f"{', '.join(each)}: {reason}" for reason, each in names.items()))


def _kind_of_failure(status: Status, judged: tuple[Judged, ...]) -> ErrorKind | None:
    if status is not Status.DOWN:
        return None
    hits = [leaf for each in judged if each.level is Status.DOWN for leaf in each.leaves if leaf.verdict]
    return ErrorKind.STATUS if any(leaf.text.startswith("status ") for leaf in hits) else ErrorKind.CONTENT


def _summary(kind: Kind, values: dict[str, Scalar]) -> str:
    """The first values that there are, which are clean already."""
    seen = ((value, values[value.name]) for value in kind.values if values.get(value.name) is not None)
    shown = (f"{value.name} {readable(each, value.unit)}" for value, each in islice(seen, _SUMMED_UP))
    return visible(", ".join(shown))


def _excerpt(seen: Observation) -> str:
    """The first bytes of a failing answer, as evidence."""
    return visible(masked(seen.body[:_MASKED_FIRST]), _EXCERPT) if seen.body else ""


def _clean(values: Mapping[str, Scalar], hide: Callable[[str], str]) -> dict[str, Scalar]:
    return {
        name: visible(hide(value[:_MASKED_FIRST])) if isinstance(value, str) else value
        for name, value in values.items()
    }
