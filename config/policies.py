"""Policies: how soon tickets are answered and resolved, who hears of them when they are not, and how they end."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from config.calendars import Timetable
from config.terms import Term as Term  # noqa: PLC0414  (others take it from here)
from config.units import DAY, HOUR

Priority = Literal["high", "medium", "low", "informational"]
ClockStart = Literal["detected", "reported", "submitted"]
# Whom a pending ticket waits for.
WaitsFor = Literal["reporter", "vendor"]
# Who can be told of something: the names of teams' roles, and of the two sides of a ticket.
Role = Literal["assignee", "team", "lead", "supervisor", "manager", "reporter", "watchers"]
PRIORITIES: tuple[Priority, ...] = ("high", "medium", "low", "informational")


@dataclass(frozen=True, slots=True)
class Targets:
    """How soon each thing is to be done, None for never. `answer` is of each tier, `update` comes again and again."""

    acknowledge: Term | None = Term(4 * HOUR)
    respond: Term | None = None
    assign: Term | None = None
    begin: Term | None = None
    answer: Term | None = None
    resolve: Term | None = None
    update: Term | None = None


@dataclass(frozen=True, slots=True)
class TicketMatch:
    """What a ticket must be like; an empty tuple, or None, says nothing. `users`: at least so many are affected."""

    severity: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    account_level: tuple[str, ...] = ()
    users: int | None = None
    urgent: bool | None = None


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """The first that matches gives the priority."""

    priority: Priority
    match: TicketMatch = TicketMatch()


@dataclass(frozen=True, slots=True)
class Rise:
    """To this tier when the ticket is that old and not resolved; `tier` None: nobody but those told notices.

    `after` counts from the start of the ticket's clocks, or from the step before when `from_last`. `review`: what is
    asked of those told ("extend it, or add people").
    """

    after: Term
    tier: int | None = None
    tell: tuple[Role, ...] = ()
    from_last: bool = False
    review: str = ""


@dataclass(frozen=True, slots=True)
class Jump:
    """Straight to a tier, at once: for a kind of ticket, for so many missed follow-ups, or for an unhappy reporter."""

    tier: int
    match: TicketMatch = TicketMatch()
    missed_follow_ups: int | None = None
    unhappy: bool = False
    tell: tuple[Role, ...] = ("lead",)


@dataclass(frozen=True, slots=True)
class VendorRules:
    """Of a ticket that a vendor is to mend. `nag_every` after what they promised, or `expected`, has passed.

    `watch`: how long after their fix somebody is to look whether it holds.
    """

    expected: Term = Term(48 * HOUR)
    nag_every: Term = Term(24 * HOUR)
    watch: Term = Term(24 * HOUR)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a resolved ticket of a person becomes closed.

    Who rates it `satisfied_from` or better is satisfied; the targets are of the mean rating, from 1 to 5, and of the
    share of those who are satisfied.
    """

    require_resolution: bool = True
    ask_reporter: bool = True
    remind_after: Term | None = Term(48 * HOUR)
    silent_after: Term = Term(5 * DAY)
    on_unsatisfied: Literal["reopen", "assist"] = "reopen"
    survey_at: Literal["resolved", "closed", "never"] = "closed"
    survey_valid: Term = Term(30 * DAY)
    satisfied_from: int = 4
    rating_target: Fraction = Fraction(9, 2)
    satisfied_target: Fraction = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class RootCauseRules:
    """What is closed only with a record of its root cause: these severities, and what came back within `recurring`."""

    severity: tuple[str, ...] = ("critical",)
    recurring: Term | None = Term(90 * DAY)


@dataclass(frozen=True, slots=True)
class Overall:
    """A target for all tickets together: this share of them resolved within so long of their identification."""

    share: Fraction
    within: Term


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, complete. A ticket keeps the one that was in force when it was opened.

    `calendar` says what a business day is; where `business` has a priority its hours count in that calendar only.
    `pauses`: whom a ticket must wait for so that its clocks stand still. `predict`: shares of a target's time at which
    a breach is foretold. `follow_ups`: by priority when the assignee is reminded, from the start of the clocks.
    `on_reopen`: a ticket that is opened again keeps its tier, or begins anew at the first; its time counts anew either
    way. `acknowledged_stops`: it does not rise by time once a person has taken it.
    """

    name: str
    title: str = ""
    clock_starts: ClockStart = "detected"
    calendar: Timetable | None = None
    business: tuple[Priority, ...] = ()
    priorities: tuple[PriorityRule, ...] = ()
    targets: dict[str, Targets] = field(default_factory=dict)
    overall: tuple[Overall, ...] = ()
    pauses: tuple[WaitsFor, ...] = ("reporter", "vendor")
    predict: tuple[Fraction, ...] = (Fraction(3, 4), Fraction(9, 10))
    rises: dict[str, tuple[Rise, ...]] = field(default_factory=dict)
    jumps: tuple[Jump, ...] = ()
    highest_tier: int = 3
    on_reopen: Literal["keep", "anew"] = "keep"
    acknowledged_stops: bool = False
    follow_ups: dict[str, tuple[Term, ...]] = field(default_factory=dict)
    follow_up_grace: Term = Term(4 * HOUR)
    vendor: VendorRules = VendorRules()
    ending: Ending = Ending()
    root_cause: RootCauseRules = RootCauseRules()


_AFTER_THE_LAST_TIER = Rise(
    Term(72 * HOUR),
    None,
    ("manager",),
    from_last=True,
    review="the last tier could not mend it: call in the developers, or decide what becomes of it",
)
# What counts where nothing is said; the figures of the organisation's process.
DEFAULT_POLICY = Policy(
    name="default",
    title="Default policy",
    priorities=(
        PriorityRule("high", TicketMatch(severity=("critical", "high"))),
        PriorityRule("medium", TicketMatch(severity=("medium",))),
        PriorityRule("low"),
    ),
    targets={
        "high": Targets(
            respond=Term(2 * HOUR),
            assign=Term(1 * HOUR),
            begin=Term(1 * HOUR),
            answer=Term(1 * HOUR),
            resolve=Term(24 * HOUR),
            update=Term(24 * HOUR),
        ),
        "medium": Targets(
            respond=Term(24 * HOUR),
            assign=Term(4 * HOUR),
            answer=Term(1 * HOUR),
            resolve=Term(48 * HOUR),
            update=Term(48 * HOUR),
        ),
        "low": Targets(
            respond=Term(24 * HOUR),
            assign=Term(business_days=1),
            answer=Term(1 * HOUR),
            resolve=Term(72 * HOUR),
        ),
        "informational": Targets(
            respond=Term(24 * HOUR), assign=Term(business_days=1), resolve=Term(business_days=5)
        ),
    },
    rises={
        "high": (
            Rise(Term(24 * HOUR), 2, ("lead",)),
            Rise(Term(48 * HOUR), 3, ("manager",), from_last=True),
            _AFTER_THE_LAST_TIER,
        ),
        "medium": (
            Rise(Term(48 * HOUR), 2, ("lead",)),
            Rise(Term(48 * HOUR), 3, ("manager",), from_last=True),
            _AFTER_THE_LAST_TIER,
        ),
        "low": (Rise(Term(72 * HOUR), None, ("supervisor",), review="extend it, or add people"),),
    },
    jumps=(
        Jump(3, TicketMatch(category=("security", "payment-gateway"))),
        Jump(3, TicketMatch(cause=("security",))),
        Jump(2, TicketMatch(urgent=True)),
        Jump(2, missed_follow_ups=3, tell=("lead", "manager")),
        Jump(2, unhappy=True, tell=("lead", "manager")),
    ),
    follow_ups={name: (Term(24 * HOUR), Term(48 * HOUR)) for name in ("high", "medium", "low")},
)
