"""What a ticket is made of, beside its own figures: values with moments in microseconds UTC. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported it, and how they are reached. `level` is that of the account, such as gold."""

    name: str
    email: str = ""
    phone: str = ""
    account: str = ""
    level: str = ""
    user_id: str = ""
    product_id: str = ""

    @property
    def identity(self) -> str:
        """What the same person is known by: the address in small letters, else the name."""
        return self.email.lower() or self.name


@dataclass(frozen=True, slots=True)
class Pause:
    """Time in which the ticket waited for somebody, or was resolved; without an end it still does, or is."""

    start: int
    why: Literal["reporter", "vendor", "resolved"]
    end: int | None = None


@dataclass(frozen=True, slots=True)
class SubTask:
    """A piece of the work that somebody does beside the ticket."""

    number: int
    text: str
    owner: str = ""
    done_at: int | None = None
    done_by: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A moment at which somebody is to look again. `estimate` is the new one that a delay was given with.

    `planned` names the one of the policy that it is, such as `0:1`: how often the ticket was re-opened, and its place.
    """

    number: int
    due_at: int
    reason: str = ""
    estimate: int | None = None
    done_at: int | None = None
    done_by: str = ""
    missed: bool = False
    planned: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A line of the escalation log. `spent` are the seconds on the tier that was left; `told` are people."""

    at: int
    reason: str
    from_tier: int
    to_tier: int
    by: str
    spent: float
    actions: str = ""
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VendorCase:
    """What was handed to a vendor. `reference` is theirs, `expected` when they said that it would be mended.

    `nagged` counts the reminders of all cases of the ticket; `nag_every` is in seconds, None for what the policy says.
    """

    vendor: str
    since: int
    reference: str = ""
    expected: int | None = None
    nagged: int = 0
    ended_at: int | None = None
    nag_every: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The reporter is asked whether it is mended. `token` is the digest of what their one-time link shows.

    It is empty where no link was sent; `token_again` is that of the link in the reminder.
    """

    at: int
    token: str
    answered_at: int | None = None
    satisfied: bool | None = None
    text: str = ""
    token_again: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What the reporter thinks of it: ratings from 1 to 5 for clarity, time and overall. `token` as in Ask."""

    at: int
    token: str
    valid_until: int
    answered_at: int | None = None
    clarity: int | None = None
    time: int | None = None
    overall: int | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done so that it does not come back; `due` is a day such as 2026-12-24."""

    text: str
    owner: str
    due: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class RootCause:
    """Why it happened and what keeps it from coming back. `segment`: whom it touched, all or some."""

    at: int
    by: str
    cause: str
    kind: str = ""
    segment: str = ""
    factors: tuple[str, ...] = ()
    fix: str = ""
    prevention: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The ticket before of the same service and rule; `at` is when its trouble was over, or began while it lasts."""

    ticket: int
    at: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """The alert of another tool that a ticket is for: how often it was told, when it began and ended over there, and
    how severe it was said to be last.
    """

    times: int = 1
    started: int | None = None
    ended: int | None = None
    severity: str = ""
