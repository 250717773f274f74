"""Somebody who asks: what they are called, and what they may do and see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Way = Literal["session", "token", "proxy"]


class Right(StrEnum):
    """What an address asks for; whoever has one has those above it too."""

    LOOK = "look"  # services, incidents, tickets, figures
    WORK = "work"  # tickets: take, answer, move; acknowledge
    PLAN = "plan"  # maintenance, silences, pauses, looks at once, the outbox, people on call, deploys
    ADMINISTER = "administer"  # people, tokens, the configuration, reload, what is kept of persons


class Role(StrEnum):
    """What a person is; each may do all that those above it may."""

    VIEWER = "viewer"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"


_RIGHTS = dict(zip(Role, Right, strict=True))
_ORDER = tuple(Right)


def highest(role: Role) -> Right:
    """The most that the role may do."""
    return _RIGHTS[role]


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is noted on what they do. `teams` are those whose services and tickets they see; None: all.

    `most` is the most that they may do: that of their role, or less where a token says so. `session` names the
    session, for its end; `csrf` is what its forms carry.
    """

    name: str
    role: Role
    most: Right
    way: Way
    teams: frozenset[str] | None = None
    session: str = ""
    csrf: str = ""

    def may(self, right: Right) -> bool:
        return _ORDER.index(right) <= _ORDER.index(self.most)

    def sees(self, team: str | None) -> bool:
        """Whether they see what belongs to that team; what belongs to none is seen by those who see all."""
        return self.teams is None or team in self.teams
