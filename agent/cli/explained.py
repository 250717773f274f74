"""An explanation of uptime, printed for people, folded to what is not plainly up."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

from agent.cli.folding import folded
from agent.cli.output import coloured, local
from agent.views.reasons import Reasons, counts, grouped, in_words, shown
from alerting.slo.figures import exact_seconds, percent
from alerting.slo.periods import moment
from alerting.slo.spans import Klass
from config.units import show_duration

if TYPE_CHECKING:
    from agent.explanation.uptime import Explanation
    from alerting.slo.periods import Period
    from alerting.slo.sources import Claim

_MOST = 40  # pieces that are listed unless all are asked for


def print_explanation(explanation: Explanation, period: Period, *, everything: bool) -> None:
    """For people: the figure in words, then what it is made of."""
    zone, most = period.zone, sys.maxsize if everything else _MOST
    parts = (_pieces(explanation, zone, most), _works(explanation, zone), _blips(explanation, zone, most))
    for line in chain(_head(explanation, period), *parts):
        # Lines with colours in them are short.
        print(line if not line or "\x1b" in line else "\n".join(_folded(line)))


def _folded(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return folded(line.lstrip(), indent + "  ", indent)


def _head(explanation: Explanation, period: Period) -> Iterator[str]:
    account, figures, zone = explanation.account, explanation.figures, period.zone
    yield f"{figures['service']}, {local(period.start, zone)} to {local(period.end, zone)} ({zone})"
    if explanation.observed is None:
        yield f"nothing of it was observed: {_why_nothing(explanation, period)}"
        yield from _by_requests(figures)
        return
    ratio, good, whole = percent(account.uptime, 2), _exact(account.good), _exact(account.counted)
    yield (
        f"uptime {ratio} % = {good} s good of {whole} s counted"
        if ratio
        else "not measured: nothing was counted"
    )
    budget, left = grouped(figures["budget_seconds"]), grouped(figures["budget_left_seconds"])
    target = figures["target_percent"]
    yield f"target {target} %: {budget} s may be bad, {_exact(account.bad)} s were; {left} s are left"
    yield from _by_requests(figures)
    first, last = explanation.observed
    yield f"observed from {local(first, zone)} to {local(last, zone)}: {in_words(account.by_class)}"
    for each in account.excluded:
        why = (
            f"while {each.by} was down" if each.promised else f"outside of {explanation.service.uptime.hours}"
        )
        yield f"left out: {_exact(each.length)} s {why}"


def _why_nothing(explanation: Explanation, period: Period) -> str:
    since = explanation.monitored_since
    if since is None:
        checks = explanation.service.checks.values()
        blind = bool(checks) and not any(check.counts_for_uptime for check in checks)
        return "none of its checks counts for uptime" if blind else "nothing was ever seen of the service"
    if since <= period.start:
        return "it is still to come"
    agreed = explanation.service.monitored_from is not None
    return f"it {'counts from' if agreed else 'was first seen'} {local(since, period.zone)}" + " on" * agreed


def _by_requests(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figure by requests, where they are known."""
    if requests := figures.get("requests"):
        ratio = percent(Fraction(requests["uptime"]), 2)
        yield f"by requests {ratio} % = {requests['good']:,} good of {requests['valid']:,}"


def _pieces(explanation: Explanation, zone: str, most: int) -> Iterator[str]:
    plain = [piece for piece in explanation.pieces if piece.klass is Klass.UP] if most == _MOST else []
    listed = [piece for piece in explanation.pieces if not plain or piece.klass is not Klass.UP]
    if listed:
        yield ""
    for piece in listed[:most]:
        yield from _piece_told(explanation, piece, zone)
    if len(listed) > most:
        yield f"... and {len(listed) - most} more: --all"
    if plain:
        yield ""
        up = _exact(explanation.account.by_class[Klass.UP])
        yield f"{up} s were plainly up, in {_times(len(plain), 'piece')}: --all"


def _piece_told(explanation: Explanation, piece: Claim, zone: str) -> Iterator[str]:
    """A line with the time, the class and how it counts, and one with what gave it."""
    how, _ = counts(piece.klass, explanation.policy)
    klass = coloured(piece.klass.value) if piece.klass else "left out"
    lasts = show_duration((piece.end - piece.start) / 1_000_000)
    yield f"{_window((piece.start, piece.end), zone)}  {lasts:<6}  {klass}, {how}"
    reasons = Reasons(explanation, lambda at: _near(at, piece.start, zone))
    yield "    " + reasons.document(piece)["text"]


def _works(explanation: Explanation, zone: str) -> Iterator[str]:
    if explanation.effects:
        yield ""
        yield f"Planned work. Without any of it: {_measured(explanation.without_work)}"
    for effect in explanation.effects:
        name = effect.work.id if effect.work else "imported"
        when = _window((effect.windows[0][0], effect.windows[-1][1]), zone)
        yield f"{name}  {when}  hid {in_words(effect.hides)}; without {name}: {_measured(effect.without)}"


def _blips(explanation: Explanation, zone: str, most: int) -> Iterator[str]:
    blips = explanation.blips
    if blips:
        yield ""
        yield "Failures that were never confirmed, and cost nothing:"
    for blip in blips[:most]:
        words = (
            f"{blip['check']} {blip['worst']}, {_times(blip['count'], 'reading')}: {shown(blip['reason'])}"
        )
        yield f"{_window((moment(blip['from'], zone), moment(blip['to'], zone)), zone)}  {words}"
    if len(blips) > most:
        yield f"... and {len(blips) - most} more: --all"


def _measured(uptime: Fraction | None) -> str:
    ratio = percent(uptime, 2)
    return f"{ratio} %" if ratio else "nothing counted"


def _window(ends: tuple[int, int], zone: str) -> str:
    return f"{local(ends[0], zone)} - {_near(ends[1], ends[0], zone)}"


def _near(at: int, beside: int, zone: str) -> str:
    """A moment for people; without its day, where that is the day of the moment beside it."""
    return local(at, zone).removeprefix(local(beside, zone)[:10]).lstrip()


def _exact(us: int) -> str:
    return grouped(exact_seconds(us))


def _times(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
