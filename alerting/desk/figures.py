"""The figures of the desk: what is open, how long things took, what was late, and the overall targets. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from alerting.desk.ticket import Ticket
from config.policies import DEFAULT_POLICY, Overall, Policy, Term
from config.units import HOUR, show_duration

_SECOND = 1_000_000
# What is reckoned for every policy, whether it promises anything or not: the organisation's two overall targets.
SPANS = (Term(24 * HOUR), Term(48 * HOUR))
TIMES = ("acknowledge", "begin", "resolve")


@dataclass(frozen=True, slots=True)
class OnTime:
    """Of a policy's tickets that are judged by now: how many were resolved within so long. `target` may be None."""

    policy: str
    within: str
    target: Fraction | None
    tickets: int = 0
    on_time: int = 0

    @property
    def ratio(self) -> Fraction | None:
        """None while there is nothing to judge."""
        return Fraction(self.on_time, self.tickets) if self.tickets else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one, or without tickets."""
        return None if self.target is None or self.ratio is None else self.ratio >= self.target


@dataclass(frozen=True, slots=True)
class Spread:
    """Many times, in seconds. The 90th percentile is the least that 90 % do not exceed; None of none."""

    count: int
    mean: float | None
    median: float | None
    p90: float | None


def counted(ticket: Ticket) -> bool:
    """Whether it is work of the desk: neither a test nor a part of another ticket."""
    return not ticket.test and ticket.merged_into is None


def identified(ticket: Ticket) -> int:
    """When it was known: what overall targets count from."""
    return ticket.stamps.get("identified", ticket.opened_at)


def on_time(tickets: Iterable[Ticket], policies: Mapping[str, Policy], since: int, now: int) -> list[OnTime]:
    """For each policy, by its name, the share resolved in time of what was identified since.

    What is not resolved counts as late once its time is over, and not at all before. `policies` are by digest.
    """
    found = {
        key: OnTime(*key[:2], target=key[2]) for policy in policies.values() for key, _ in _promises(policy)
    }
    for ticket in tickets:
        at = identified(ticket)
        if not counted(ticket) or not since <= at <= now:
            continue
        for key, term in _promises(policies.get(ticket.policy, DEFAULT_POLICY)):
            took = None if ticket.resolved_at is None else ticket.resolved_at - at
            good = took is not None and took <= _length(term)
            if took is not None or at + _length(term) <= now:
                one = found.get(key) or OnTime(*key[:2], target=key[2])
                found[key] = OnTime(*key, one.tickets + 1, one.on_time + good)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1], key[2] or 0))]


_Key = tuple[str, str, Fraction | None]


def _promises(policy: Policy) -> Iterable[tuple[_Key, Term]]:
    promised: Sequence[Overall] = policy.overall
    for each in promised:
        yield (policy.name, shown(each.within), each.share), each.within
    for term in SPANS:
        if term not in {each.within for each in promised}:
            yield (policy.name, shown(term), None), term


def _length(term: Term) -> int:
    """Overall targets run round the clock: a business day is a day."""
    return round((term.seconds + term.business_days * 24 * HOUR) * _SECOND)


def shown(term: Term) -> str:
    """In hours up to a week, as people speak of them: `48h`."""
    hours = Fraction(_length(term), _SECOND) / 3600
    return f"{hours}h" if hours.denominator == 1 and hours <= 168 else show_duration(float(hours * 3600))


def took(ticket: Ticket, what: str) -> float | None:
    """Seconds from its opening until it was taken by a person, begun or resolved; None while it is not."""
    at = {
        "acknowledge": ticket.acknowledged_at,
        "begin": ticket.stamps.get("begun"),
        "resolve": ticket.resolved_at,
    }[what]
    return None if at is None else max(0, at - ticket.opened_at) / _SECOND


def spread(times: Iterable[float]) -> Spread:
    """What is said of many times."""
    listed = sorted(times)
    count = len(listed)
    if not count:
        return Spread(0, None, None, None)
    middle = (listed[(count - 1) // 2] + listed[count // 2]) / 2
    return Spread(count, sum(listed) / count, middle, listed[-(-9 * count // 10) - 1])


def ages(tickets: Iterable[Ticket], now: int) -> list[float]:
    """How long each open ticket has been open, in seconds, the oldest first."""
    found = (max(0, now - each.opened_at) / _SECOND for each in tickets if each.is_open and counted(each))
    return sorted(found, reverse=True)


def overdue(ticket: Ticket, now: int) -> bool:
    """Whether it is to be resolved by now and is not."""
    due = ticket.sure_due.get("resolve")
    return ticket.is_open and counted(ticket) and due is not None and due < now


def breaches(ticket: Ticket, since: int = 0) -> list[str]:
    """The clocks that were breached since then, one for each time: what the desk noted in the steps."""
    return [
        key.split(":")[1] for key, at in ticket.steps.items() if key.startswith("breach:") and at >= since
    ]


def missed_follow_ups(ticket: Ticket, since: int = 0) -> int:
    """How many were due since then and missed."""
    return sum(each.missed and each.due_at >= since for each in ticket.follow_ups)


def tally(tickets: Iterable[Ticket], since: int) -> dict[str, Counter[tuple[str, ...]]]:
    """What happened since: breaches by clock and priority, escalations by the tier they went to, follow-ups missed."""
    found: dict[str, Counter[tuple[str, ...]]] = {
        name: Counter() for name in ("breaches", "escalations", "follow_ups_missed")
    }
    for each in filter(counted, tickets):
        found["breaches"].update((clock, each.priority) for clock in breaches(each, since))
        found["escalations"].update(
            (str(one.to_tier),) for one in each.escalations if one.at >= since and one.to_tier > one.from_tier
        )
        found["follow_ups_missed"][(each.priority,)] += missed_follow_ups(each, since)
    return found
