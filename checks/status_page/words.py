"""Status page: the words by which vendors name a state, and the states of an incident or a maintenance."""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import line
from checks.status_page.page import Indicator

_LONGEST = 60
# Written without spaces, dashes and capitals: `Major Outage`, `major_outage` and `MAJOROUTAGE` are one word.
_NAMED: Mapping[Indicator, str] = {
    Indicator.OPERATIONAL: "none operational alloperational fullyoperational up ok good green available normal success"
    " healthy online running resolved informational information serviceinformation",
    Indicator.MAINTENANCE: "maintenance undermaintenance inmaintenance plannedmaintenance scheduledmaintenance"
    " underscheduledmaintenance maintenanceinprogress scheduled blue servicemaintenance",
    Indicator.DEGRADED: "minor degraded degradedperformance performanceissues performancedegradation degradedservice"
    " performancedegraded issue issues hasissues minorissues yellow warn warning active incident notice"
    " securityevent advisory degradation",
    Indicator.PARTIAL: "partial partialoutage partialservicedisruption partiallydegraded partialdegradation"
    " minoroutage partiallydown",
    Indicator.MAJOR: "major critical down outage majoroutage fulloutage red downtime danger unhealthy"
    " serviceoutage servicedisruption completeoutage disruption",
}
_WORDS = {word: indicator for indicator, words in _NAMED.items() for word in words.split()}
_OVER = frozenset(
    {"resolved", "postmortem", "completed", "complete", "closed", "fixed", "cancelled", "canceled", "ended"}
)
_UNDER_WAY = frozenset(
    {"inprogress", "verifying", "maintenanceinprogress", "active", "underway", "started", "ongoing"}
)


def plain(word: object) -> str:
    """The word without spaces, dashes and capitals; empty for what is no text."""
    return (
        "".join(mark for mark in word[:_LONGEST].casefold() if mark.isalnum())
        if isinstance(word, str)
        else ""
    )


def indicator_of(word: object) -> Indicator | None:
    """What a vendor's word for a state means; None where it is not known."""
    return _WORDS.get(plain(word))


def state_of(word: object) -> tuple[Indicator | None, str]:
    """The same, and beside it the word to show where it is not known; empty where it is."""
    indicator = indicator_of(word)
    return indicator, "" if indicator else line(word) or "nothing"


def is_over(state: object) -> bool:
    """Whether an incident or a maintenance in this state has ended."""
    return plain(state) in _OVER


def is_under_way(state: object) -> bool:
    """Whether a maintenance in this state is being done just now."""
    return plain(state) in _UNDER_WAY
