"""Users, their sessions, and tokens of programs: what each is, and whom it makes of somebody who shows it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.access.person import Person, Right, Role, highest

_HOUR = 3_600_000_000
IDLE, LONGEST = 12 * _HOUR, 7 * 24 * _HOUR
Teams = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class User:
    """`password` is an argon2id hash, empty for who comes another way. `version` rises with what ends sessions."""

    name: str
    role: Role
    password: str = ""
    teams: Teams = None
    email: str | None = None
    disabled: bool = False
    version: int = 1
    created_at: int = 0
    seen_at: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Of a browser: known by the digest of its cookie, bound to the user as they were when they signed in."""

    digest: str
    user: str
    version: int
    csrf: str
    started_at: int
    seen_at: int
    ends_at: int
    whence: str = ""

    def person(self, user: User | None, now: int) -> Person | None:
        """Who it is; None once it is over, or the user is another, or none any more."""
        if user is None or user.disabled or user.version != self.version:
            return None
        if now >= self.ends_at or now >= self.seen_at + IDLE:
            return None
        most = highest(user.role)
        return Person(user.name, user.role, most, "session", user.teams, session=self.digest, csrf=self.csrf)


@dataclass(frozen=True, slots=True)
class Token:
    """Of a program: known by its digest; `scope` is the most that it may do."""

    digest: str
    name: str
    scope: Right
    made_by: str
    created_at: int
    teams: Teams = None
    ends_at: int | None = None
    used_at: int | None = None

    def person(self, now: int) -> Person | None:
        """Who it is; None once it is over."""
        if self.ends_at is not None and now >= self.ends_at:
            return None
        role = next(each for each in Role if highest(each) is self.scope)
        return Person(self.name, role, self.scope, "token", self.teams)


@dataclass(frozen=True, slots=True)
class Link:
    """One that does one thing once: `sign-in` lets choose the password of `user`, a new admin where that is empty."""

    digest: str
    user: str
    ends_at: int
