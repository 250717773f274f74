"""The policies of the organisation's three programmes: internal systems, classifieds and the marketplace.

They are written out in config/examples/saypro.yaml. Their figures are those of the default policy but for what stands
here: how an inquiry is known, from which moment their clocks run, and what all tickets together are measured by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from config.policies import DEFAULT_POLICY, Overall, Policy, PriorityRule, Term, TicketMatch
from config.units import HOUR

_MANY = 50
# Many users, or an account that was promised more, raise it; a question is no trouble.
_PRIORITIES = (
    PriorityRule("high", TicketMatch(severity=("critical", "high"))),
    PriorityRule("high", TicketMatch(users=_MANY)),
    PriorityRule("high", TicketMatch(severity=("medium",), account_level=("gold", "platinum"))),
    PriorityRule("medium", TicketMatch(severity=("medium",))),
    PriorityRule("medium", TicketMatch(account_level=("gold", "platinum"))),
    PriorityRule("informational", TicketMatch(severity=("low",), category=("general", "feature"))),
    PriorityRule("low"),
)
_BASE = replace(DEFAULT_POLICY, priorities=_PRIORITIES)

SHIPPED: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        replace(
            _BASE,
            name="sclmr-1",
            title="Internal systems",
            clock_starts="reported",
            overall=(Overall(Fraction(90, 100), Term(48 * HOUR)),),
        ),
        replace(_BASE, name="scmr-5", title="Classifieds", clock_starts="submitted"),
        replace(
            _BASE,
            name="scmr-17",
            title="Marketplace",
            clock_starts="detected",
            overall=(Overall(Fraction(95, 100), Term(24 * HOUR)),),
        ),
    )
}
