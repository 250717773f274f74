"""What a row of decisions leaves of a rule's trouble: the place that it has, and since when it is the same trouble."""

from __future__ import annotations

from collections.abc import Sequence

from agent.explanation.answer import Verdict
from alerting.incidents.decision import Decided, Decision

# What gives a problem its place, and what takes it away.
PLACES = {
    Decided.OPENED: Verdict.ALERTED,
    Decided.REOPENED: Verdict.ALERTED,
    Decided.FOLDED: Verdict.FOLDED,
    Decided.ADOPTED: Verdict.FOLDED,
    Decided.HELD: Verdict.HELD,
    Decided.WAITING: Verdict.WAITING,
}
_ENDS = {
    Decided.RECOVERED,
    Decided.WATCH_ENDED,
    Decided.REMOVED,
    Decided.RELEASED,
    Decided.PASSED,
    Decided.LEFT,
}
# What changes the trouble of an incident that it has.
_CHANGES = {Decided.WORSENED, Decided.EASED, Decided.FLAPPING, Decided.DIGESTED}

# After these nothing is left of the trouble.
OVER = {Decided.WATCH_ENDED, Decided.REMOVED, Decided.PASSED}


def latest_place(decisions: Sequence[Decision]) -> Decision | None:
    """What gave the trouble the place that it had after these decisions; None where it had none."""
    place = None
    for each in decisions:
        if each.what in _ENDS:
            place = None
        elif each.what is Decided.HELD and each.incident is not None:
            continue  # its incident is open: only that it got worse was held back
        elif each.what in PLACES or (place is None and each.what in _CHANGES):
            place = each
    return place


def of_this_trouble(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions since the last trouble before was over for good; where there was none since, those of that."""
    ends = [number for number, each in enumerate(decisions[:-1]) if each.what in OVER]
    return list(decisions[ends[-1] + 1 :]) if ends else list(decisions)
