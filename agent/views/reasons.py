"""What gave a piece of time its class, in words and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from agent.desk.document import moment as rfc3339
from alerting.calendars import Calendar
from alerting.slo.figures import exact_seconds
from alerting.slo.sources import Gap, Imported, LeftOut, Maker, Planned, Seen
from alerting.slo.spans import Klass, union
from alerting.slo.track import OF_STATE
from checks.base import Status
from checks.text import visible

if TYPE_CHECKING:
    from agent.explanation.uptime import Explanation, Proof
    from agent.store.evidence import Sight
    from agent.store.maintenance import Work
    from alerting.slo.sources import Claim
    from alerting.slo.uptime import UptimePolicy

Show = Callable[[int], str]
_GAPS = {
    "stopped": "the agent did not run from {start} to {end}",
    "clock": "the clock was set: what happened from {start} to {end} is in doubt",
    "agent_off": "imported: nobody watched from {start} to {end}",
    "ended": "the agent does not run; its last sign of life was at {start}",
    "to_come": "nothing is known yet of the time since {start}, the agent's last sign of life",
}
_LONGEST = 300


def utc(at: int) -> str:
    """A moment as JSON has it."""
    return str(rfc3339(at))


class Reasons:
    """The sources of an explanation's pieces; `show` writes moments for whoever reads the words."""

    def __init__(self, explanation: Explanation, show: Show) -> None:
        self._explanation, self._show = explanation, show

    def document(self, piece: Claim) -> dict[str, Any]:
        """The source of a piece as JSON, with its words."""
        source = piece.source
        if isinstance(source, Seen):
            return self._seen(piece, source)
        if isinstance(source, Gap):
            words = _GAPS[source.why].format(start=self._show(source.start), end=self._show(source.end))
            return {"kind": "gap", "text": words, "why": source.why, **_ends(source.start, source.end)}
        if isinstance(source, Imported):
            return self._imported(source)
        if isinstance(source, Planned):
            return self._planned(piece, source)
        if isinstance(source, LeftOut):
            hours = self._explanation.service.uptime.hours
            words = f"{source.by} was down" if source.promised else f"outside of {hours}"
            return {"kind": "excluded", "text": words, "by": source.by if source.promised else hours}
        return {"kind": "unrecorded", "text": self._unrecorded(piece)}

    def _seen(self, piece: Claim, source: Seen) -> dict[str, Any]:
        proofs = [(maker, self._explanation.proofs.get(maker)) for maker in source.makers]
        looked = piece.klass is not Klass.UNKNOWN or any(proof and proof.sight for _, proof in proofs)
        return {
            "kind": "reading" if looked else "silence",
            "text": self._words(piece, source),
            "rule": self._explanation.service.down_when,
            "checks": [_check(maker, proof) for maker, proof in proofs],
            "more": source.more,
        }

    def _words(self, piece: Claim, source: Seen) -> str:
        """Who made it so. Where all is well the check that became so last, for it decided."""
        checks = [each for each in self._explanation.service.checks.values() if each.counts_for_uptime]
        if len(checks) < 2 and len(source.makers) == 1:
            return self._of(source.makers[0], piece)
        more = f" and {source.more} more" if source.more else ""
        if piece.klass is Klass.UP and len(source.makers) > 1:
            names = ", ".join(maker.check for maker in source.makers)
            latest = max(source.makers, key=lambda maker: maker.span.start if maker.span else 0)
            return f"{names}{more}; last of them {self._of(latest, piece)}"
        rule = {"any": "any of: ", "all": "all of: "}.get(self._explanation.service.down_when)
        rule = rule or f"{self._explanation.service.down_when}: "
        return rule + "; ".join(self._of(maker, piece) for maker in source.makers) + more

    def _of(self, maker: Maker, piece: Claim) -> str:
        """One check, since when it was so, and what it saw."""
        if maker.span is None:
            return f"{maker.check}: not looked at yet"
        proof, since = self._explanation.proofs[maker], self._show(maker.span.start)
        name = maker.check + self._gone(maker.check)
        if maker.span.klass is Klass.UNKNOWN:
            return f"{name}{self._blind(maker.span.start, proof)}{self._rests(maker.check, piece)}"
        sight, flip = proof.sight, proof.confirmed
        agrees = sight is not None and OF_STATE[Status(sight.status)] is maker.span.klass
        message = sight.message if sight and agrees else flip.reason if flip and not sight else ""
        words = f"{name} {maker.span.klass} since {since}" + (f": {shown(message)}" if message else "")
        if flip is not None and flip.since <= maker.span.start < flip.at:
            return f"{words} (confirmed at {self._show(flip.at)} and back-dated)"
        if sight is not None and not agrees:
            return f"{words} (a reading {sight.status} then was not confirmed: {shown(sight.message)})"
        return words

    def _blind(self, since: int, proof: Proof) -> str:
        if proof.sight is not None:
            return f" could not be looked at since {self._show(since)}: {shown(proof.sight.message)}"
        if proof.before is None:
            return f" unknown since {self._show(since)}; single readings of then are kept no more"
        ended = (
            "when the agent stopped"
            if since in self._explanation.stops
            else f"believed until {self._show(since)}"
        )
        return f": no reading since {self._show(proof.before.at)}, {ended}"

    def _gone(self, check: str) -> str:
        """What is to be known of a check that does not run any more: nobody knows by what rules it did."""
        service = self._explanation.service
        if check in service.disabled:
            return " (disabled now)"
        return "" if check in service.checks or not service.checks else " (configured no more)"

    def _rests(self, check: str, piece: Claim) -> str:
        """When the check was not to be looked at, by the calendars that are configured now."""
        found = self._explanation.service.checks.get(check)
        hours = found.active if found else ()
        closed = union(
            chain.from_iterable(Calendar(each).closed_within(piece.start, piece.end) for each in hours)
        )
        if not closed:
            return ""
        names = ", ".join(each.name for each in hours)
        until = self._show(closed[-1][1])
        times = "" if len(closed) == 1 else f", {len(closed)} times"
        return f"; at rest from {self._show(closed[0][0])} to {until}{times}, outside of {names}"

    def _imported(self, source: Imported) -> dict[str, Any]:
        event = source.event
        kind = "state" if event.until is None else "reading"
        words = f"imported {kind} {event.klass} of {self._show(event.at)}"
        if event.until is not None:
            words += f", believed until {self._show(event.until)}"
        words += "; no line tells of the time since" if source.lapsed else ""
        return {"kind": "imported", "text": words, "line": kind, "class": event.klass.value,
                "at": rfc3339(event.at), "until": rfc3339(event.until)}  # fmt: skip

    def _planned(self, piece: Claim, source: Planned) -> dict[str, Any]:
        hides = self._explanation.hidden(piece)
        named = ["imported planned work"] if 0 in source.numbers else []
        named += [self._work(self._explanation.works[number]) for number in source.numbers if number]
        words = "; ".join(named) + f"; hides {in_words(hides)}"
        ids = [self._explanation.works[number].id for number in source.numbers if number]
        return {"kind": "maintenance", "text": words, "ids": ids, "hides": seconds(hides)}

    def _work(self, work: Work) -> str:
        reason = f' "{shown(work.reason)}"' if work.reason else ""
        announced = self._show(work.editions[0].at)
        changed = f", changed at {self._show(work.editions[-1].at)}" if len(work.editions) > 1 else ""
        return f"{work.id}{reason}, planned by {shown(work.announced_by)} at {announced}{changed}"

    def _unrecorded(self, piece: Claim) -> str:
        seen = self._explanation.seen_since
        return (
            "nothing was seen yet" if seen is None or piece.end <= seen else "nothing more is recorded of it"
        )


def counts(klass: Klass | None, policy: UptimePolicy) -> tuple[str, str]:
    """How a class counts by the agreement, `good`, `bad` or `not counted`; and why, where that is not plain."""
    if klass is None:
        return "not counted", "the agreement leaves it out"
    how = {"up": "good", "down": "bad", "exclude": "not counted"}[policy.treatments()[klass]]
    if klass in (Klass.UP, Klass.DOWN):
        return how, ""
    return (
        how,
        f"{klass} is excluded" if how == "not counted" else f"{klass} counts as {policy.treatments()[klass]}",
    )


def seconds(sums: Mapping[Klass, int]) -> dict[str, str]:
    """Exact seconds of each class that there is."""
    return {klass.value: exact_seconds(us) for klass, us in sums.items() if us}


def in_words(sums: Mapping[Klass, int]) -> str:
    """`540 s down and 60 s up`."""
    parts = [f"{grouped(exact_seconds(us))} s {klass}" for klass, us in sums.items() if us]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts) or "nothing"


def grouped(number: str) -> str:
    """A decimal number with its thousands apart: `2,591,400.5`."""
    sign = "-" if number.startswith("-") else ""
    whole, point, rest = number.removeprefix("-").partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"


def _check(maker: Maker, proof: Proof | None) -> dict[str, Any]:
    flip = proof.confirmed if proof else None
    return {
        "check": maker.check,
        "class": maker.span.klass.value if maker.span else None,
        "since": rfc3339(maker.span.start) if maker.span else None,
        "reading": _sight(proof.sight) if proof else None,
        "confirmed": {"at": rfc3339(flip.at), "since": rfc3339(flip.since), "reason": shown(flip.reason)}
        if flip
        else None,
        "last_reading": _sight(proof.before) if proof else None,
    }


def _sight(sight: Sight | None) -> dict[str, Any] | None:
    if sight is None:
        return None
    return {"at": rfc3339(sight.at), "status": sight.status, "message": shown(sight.message)}


def _ends(start: int, end: int) -> dict[str, Any]:
    return {"from": rfc3339(start), "to": rfc3339(end)}


def shown(text: str) -> str:
    """What somebody else wrote, safe to print."""
    return visible(text, _LONGEST)
