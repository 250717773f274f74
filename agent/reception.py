"""Who comes in: sign-in, sessions, tokens, one-time links; memory holds what the disk holds, so asking is cheap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from agent.access.accounts import LONGEST, Link, Session, Token, User
from agent.access.passwords import Passwords, digest, secret
from agent.access.person import Person
from agent.access.throttle import Throttle
from agent.clock import Clock
from agent.store.access import AccessRows, Entry
from agent.store.trouble import cannot_write
from agent.store.writer import Writer
from checks.text import visible

log = structlog.get_logger()
LINK_LASTS = 3_600_000_000
_SEEN = 300_000_000  # moments of the last sign of life are written as often as that
_MOST_SESSIONS = 10_000
_LONGEST_NOTE = 300


class WrongPassword(Exception):
    """Name or password are wrong; which of them is not said."""


class NoSuchLink(Exception):
    """It was never made, was used, or is over."""


@dataclass(frozen=True, slots=True)
class Book:
    """Users by name; tokens, sessions and links by digest."""

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)


class Reception:
    """Everything is written before it counts, but for sessions while the store cannot write.

    `whence` in calls is the address that somebody comes from.
    """

    def __init__(self, writer: Writer, clock: Clock, agent: str) -> None:
        self._writer, self._clock, self._agent = writer, clock, agent
        self._passwords, self._throttle = Passwords(), Throttle(clock)
        self.book = Book()

    async def start(self) -> None:
        """Remember what was stored; what is over is forgotten."""
        now = self._clock.now()

        def read(rows: AccessRows) -> Book:
            rows.sweep(now)
            return Book(
                {each.name: each for each in rows.users()},
                {each.digest: each for each in rows.tokens()},
                {each.digest: each for each in rows.sessions()},
                {each.digest: each for each in rows.links()},
            )

        self.book = await self._write(read)

    def by_cookie(self, cookie: str) -> Person | None:
        """Who signed in with that cookie, while it is good."""
        session = self.book.sessions.get(digest(cookie)) if cookie else None
        if session is None:
            return None
        now = self._clock.now()
        person = session.person(self.book.users.get(session.user), now)
        if person is not None and now - session.seen_at > _SEEN:
            self._seen(session)
        return person

    def by_token(self, shown: str) -> Person | None:
        """The program that shows the token, while it is good."""
        token = self.book.tokens.get(digest(shown)) if shown else None
        now = self._clock.now()
        person = token.person(now) if token is not None else None
        if token is not None and person is not None and now - (token.used_at or 0) > _SEEN:
            self._seen(token)
        return person

    async def sign_in(self, name: str, password: str, whence: str) -> str:
        """The cookie of a new session. Raises WrongPassword or throttle.TooSoon."""
        name = name.strip()[:100]
        self._throttle.check(name, whence)
        self._throttle.tried(name, whence)
        user = self.book.users.get(name)
        wanted = "" if user is None or user.disabled else user.password
        if not await self._passwords.fits(password, wanted):
            await self.note(Entry(name or "nobody", "session", "sign-in", outcome="refused", whence=whence))
            raise WrongPassword
        assert user is not None
        self._throttle.right(name, whence)
        return await self.admit(user, whence)

    async def admit(self, user: User, whence: str) -> str:
        """A new session of somebody who proved who they are; its cookie."""
        now, cookie = self._clock.now(), secret()
        session = Session(
            digest(cookie), user.name, user.version, secret(), now, now, now + LONGEST, visible(whence, 100)
        )

        def write(rows: AccessRows) -> None:
            rows.save_session(session)
            rows.seen(user, now)

        await self._if_it_can(write)
        sessions = dict(self.book.sessions)
        while len(sessions) >= _MOST_SESSIONS:
            sessions.pop(next(iter(sessions)))
        sessions[session.digest] = session
        seen = replace(self.book.users.get(user.name, user), seen_at=now)
        self.book = replace(self.book, sessions=sessions, users={**self.book.users, user.name: seen})
        await self.note(Entry(user.name, "session", "sign-in", whence=whence))
        return cookie

    async def sign_out(self, *digests: str) -> None:
        """End these sessions."""

        def remove(rows: AccessRows) -> None:
            for each in digests:
                rows.remove_session(each)

        await self._write(remove)
        left = {each: session for each, session in self.book.sessions.items() if each not in digests}
        self.book = replace(self.book, sessions=left)

    def sessions_of(self, name: str) -> list[Session]:
        """Those that are good, the newest first."""
        user, now = self.book.users.get(name), self._clock.now()
        mine = [each for each in self.book.sessions.values() if each.user == name and each.person(user, now)]
        return sorted(mine, key=lambda each: -each.started_at)

    def renewed(self, user: User, hashed: str) -> User:
        """The user with that password; sessions from before are over."""
        created = user.created_at or self._clock.now()
        return replace(user, password=hashed, version=user.version + 1, created_at=created)

    async def save_user(self, user: User) -> None:
        """A new one, or a changed one; with a risen version their sessions are over."""
        await self._write(lambda rows: rows.save_user(user))
        self.book = replace(self.book, users={**self.book.users, user.name: user})

    async def remove_user(self, name: str) -> None:
        await self._write(lambda rows: rows.remove_user(name))
        users = {each: user for each, user in self.book.users.items() if each != name}
        sessions = {each: found for each, found in self.book.sessions.items() if found.user != name}
        self.book = replace(self.book, users=users, sessions=sessions)

    async def save_token(self, token: Token) -> None:
        await self._write(lambda rows: rows.save_token(token))
        self.book = replace(self.book, tokens={**self.book.tokens, token.digest: token})

    async def remove_token(self, token: Token) -> None:
        await self._write(lambda rows: rows.remove_token(token.digest))
        left = {each: found for each, found in self.book.tokens.items() if each != token.digest}
        self.book = replace(self.book, tokens=left)

    async def hashed(self, password: str) -> str:
        """For a user's row. Raises passwords.Unfit."""
        return await self._passwords.hashed(password)

    async def fits(self, user: User, password: str) -> bool:
        return await self._passwords.fits(password, user.password)

    async def link(self, user: str) -> str:
        """A new one-time link's secret, by which that user, or a first admin (empty), chooses a password."""
        shown = secret()
        made = Link(digest(shown), user, self._clock.now() + LINK_LASTS)
        older = [each for each in self.book.links.values() if each.user == user]

        def write(rows: AccessRows) -> None:
            for each in older:
                rows.save_link(each, used_at=self._clock.now())
            rows.save_link(made)

        await self._write(write)
        left = {each: found for each, found in self.book.links.items() if found not in older}
        self.book = replace(self.book, links={**left, made.digest: made})
        return shown

    def linked(self, shown: str) -> Link:
        """What the link is for. Raises NoSuchLink."""
        found = self.book.links.get(digest(shown))
        if found is None or self._clock.now() >= found.ends_at:
            raise NoSuchLink
        return found

    async def used(self, link: Link) -> None:
        """It is good no more, from this very moment. Raises NoSuchLink where somebody else was quicker."""
        if link.digest not in self.book.links:
            raise NoSuchLink
        left = {each: found for each, found in self.book.links.items() if each != link.digest}
        self.book = replace(self.book, links=left)
        await self._write(lambda rows: rows.save_link(link, used_at=self._clock.now()))

    async def note(self, entry: Entry) -> None:
        """Write down who did what; it never keeps anybody from doing it."""
        noted = _visible(entry, self._clock.now())
        try:
            await self._write(lambda rows: rows.note(noted))
        except Exception as error:  # the store says in the log what is wrong with it
            log.error("audit.lost", what=noted.what, reason=type(error).__name__)

    async def audit(self, before: int | None, most: int, who: str = "") -> list[Entry]:
        """The newest first, from below a number on; of one person alone where a name is given."""
        found: list[Entry] = await self._write(lambda rows: rows.audit(before, most, who))
        return found

    def _seen(self, thing: Session | Token) -> None:
        """A sign of life: in memory at once, on the disk when it comes to it."""
        now, book = self._clock.now(), self.book
        if isinstance(thing, Session):
            sessions = {**book.sessions, thing.digest: replace(thing, seen_at=now)}
            self.book = replace(book, sessions=sessions)
        else:
            tokens = {**book.tokens, thing.digest: replace(thing, used_at=now)}
            self.book = replace(book, tokens=tokens)
        written = self._writer.write(lambda connection: AccessRows(connection, self._agent).seen(thing, now))
        written.add_done_callback(lambda done: done.cancelled() or done.exception())  # none that matters

    async def _if_it_can(self, work: Callable[[AccessRows], Any]) -> None:
        """A store that cannot write keeps nobody from looking: what they were let in by lasts until the next start."""
        try:
            await self._write(work)
        except Exception as error:
            if not cannot_write(error):
                raise
            log.warning("session.not_stored", reason=type(error).__name__)

    async def _write(self, work: Callable[[AccessRows], Any]) -> Any:
        return await self._writer.write(lambda connection: work(AccessRows(connection, self._agent)))


def _visible(entry: Entry, at: int) -> Entry:
    """At that moment; what came from outside is capped, and no sign of it hidden."""
    shown = (visible(each, _LONGEST_NOTE) for each in (entry.who, entry.about, entry.whence))
    who, about, whence = shown
    return replace(entry, at=at, who=who, about=about, whence=whence)
