"""What is asked of users and tokens, by command or page; the same with a daemon and without."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agent.access.accounts import Teams, Token, User
from agent.access.passwords import Unfit, digest, secret
from agent.access.person import Right, Role
from agent.desk.document import moment
from agent.reception import Reception
from agent.store.access import Entry
from checks.text import visible

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_NAME_HELP = "a name is made of a-z, 0-9, dot, dash, underscore and @, 63 at most"
_PREFIX = "toc_"
_SECOND = 1_000_000
_LONGEST_FAULT = 200
Text = Annotated[str, StringConstraints(max_length=200)]
Document = dict[str, Any]


class CannotAdmit(Exception):
    """It cannot be done; the text is for the person who asked. `usage`: it never could."""

    def __init__(self, text: str, *, usage: bool = False) -> None:
        super().__init__(text)
        self.usage = usage


class Asked(BaseModel):
    """A request as it comes through the socket; `lasts` in seconds, `teams` empty for all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text = ""
    role: Role | None = None
    scope: Right | None = None
    teams: Annotated[tuple[Text, ...], Field(max_length=100)] | None = None
    email: Text | None = None
    password: Annotated[str, StringConstraints(max_length=1000)] | None = None
    disabled: bool | None = None
    lasts: Annotated[float, Field(gt=0, le=10 * 366 * 86_400)] | None = None
    before: Annotated[int, Field(gt=0)] | None = None
    many: Annotated[int, Field(gt=0, le=1000)] = 50

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> Asked:
        """Raises CannotAdmit; what was sent is not repeated, for it may be a password."""
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CannotAdmit(visible(f"{where}: {first['msg']}", _LONGEST_FAULT), usage=True) from None

    @property
    def bounds(self) -> Teams:
        return frozenset(self.teams) if self.teams else None


@dataclass(frozen=True, slots=True)
class Admitting:
    """`url` is where pages are, for links; `now` the clock."""

    reception: Reception
    now: Callable[[], int]
    url: Callable[[], str]

    async def answer(self, command: str, arguments: Mapping[str, Any], who: str) -> Any:
        """What is printed. Raises CannotAdmit."""
        act = _COMMANDS.get(command)
        if act is None:
            raise CannotAdmit(f"unknown command {command[:40]}", usage=True)
        asked = Asked.read(arguments)
        try:
            found = await act(self, asked, who)
        except Unfit as error:
            raise CannotAdmit(str(error), usage=True) from None
        if command not in _LOOKS:
            await self.reception.note(Entry(who, "command", command, asked.name))
        return found

    async def list_users(self, _asked: Asked, _who: str) -> list[Document]:
        return [self._user(each) for _, each in sorted(self.reception.book.users.items())]

    async def list_audit(self, asked: Asked, _who: str) -> list[Document]:
        """The newest first: so `many`, from below the number `before` on, of `name` alone where one is given."""
        found = await self.reception.audit(asked.before, asked.many, asked.name)
        return [{**asdict(each), "at": moment(each.at)} for each in found]

    async def add_user(self, asked: Asked, _who: str) -> Document:
        """With a password, or else with a link by which they choose one."""
        if not NAME.fullmatch(asked.name):
            raise CannotAdmit(_NAME_HELP, usage=True)
        if asked.name in self.reception.book.users:
            raise CannotAdmit(f"there is a user {asked.name} already (tocsin users set changes them)")
        hashed = "" if asked.password is None else await self.reception.hashed(asked.password)
        user = User(
            asked.name, asked.role or Role.VIEWER, hashed, asked.bounds, asked.email, created_at=self.now()
        )
        await self.reception.save_user(user)
        return await self._with_link(user) if asked.password is None else self._user(user)

    async def set_user(self, asked: Asked, _who: str) -> Document:
        """Role, teams, address, or whether they may come in; their sessions end with the first two and the last."""
        user = self._known(asked)
        changed = replace(
            user,
            role=asked.role or user.role,
            teams=user.teams if asked.teams is None else asked.bounds,
            email=user.email if asked.email is None else asked.email,
            disabled=user.disabled if asked.disabled is None else asked.disabled,
        )
        self._leaves_an_admin(user, changed)
        if (changed.role, changed.teams, changed.disabled) != (user.role, user.teams, user.disabled):
            changed = replace(changed, version=user.version + 1)
        await self.reception.save_user(changed)
        return self._user(changed)

    async def set_password(self, asked: Asked, _who: str) -> Document:
        hashed = await self.reception.hashed(asked.password or "")
        user = self.reception.renewed(self._known(asked), hashed)
        await self.reception.save_user(user)
        return self._user(user)

    async def remove_user(self, asked: Asked, _who: str) -> Document:
        user = self._known(asked)
        self._leaves_an_admin(user, None)
        await self.reception.remove_user(user.name)
        return self._user(user)

    async def link_user(self, asked: Asked, _who: str) -> Document:
        """A link by which they choose a new password; without a name, and while there is nobody, the first admin's."""
        if not asked.name and not self.reception.book.users:
            return {"link": await self._link("")}
        return await self._with_link(self._known(asked))

    async def list_tokens(self, _asked: Asked, _who: str) -> list[Document]:
        return [
            _token(each) for each in sorted(self.reception.book.tokens.values(), key=lambda each: each.name)
        ]

    async def add_token(self, asked: Asked, who: str) -> Document:
        """Shown this once."""
        if not NAME.fullmatch(asked.name):
            raise CannotAdmit(_NAME_HELP, usage=True)
        if any(each.name == asked.name for each in self.reception.book.tokens.values()):
            raise CannotAdmit(f"there is a token {asked.name} already")
        now, shown = self.now(), f"{_PREFIX}{secret()}"
        ends = None if asked.lasts is None else now + round(asked.lasts * _SECOND)
        token = Token(digest(shown), asked.name, asked.scope or Right.LOOK, who, now, asked.bounds, ends)
        await self.reception.save_token(token)
        return {**_token(token), "token": shown}

    async def revoke_token(self, asked: Asked, _who: str) -> Document:
        found = next((each for each in self.reception.book.tokens.values() if each.name == asked.name), None)
        if found is None:
            raise CannotAdmit(f"there is no token {visible(asked.name, 63)}")
        await self.reception.remove_token(found)
        return _token(found)

    def _known(self, asked: Asked) -> User:
        user = self.reception.book.users.get(asked.name)
        if user is None:
            raise CannotAdmit(f"there is no user {visible(asked.name, 63)}")
        return user

    def _leaves_an_admin(self, user: User, changed: User | None) -> None:
        others = [each for name, each in self.reception.book.users.items() if name != user.name]
        left = [*others, changed] if changed is not None else others
        if user.role is Role.ADMIN and not any(
            each.role is Role.ADMIN and not each.disabled for each in left
        ):
            raise CannotAdmit(f"{user.name} is the last admin: make another one first")

    async def _with_link(self, user: User) -> Document:
        return {**self._user(user), "link": await self._link(user.name)}

    async def _link(self, name: str) -> str:
        return f"{self.url()}/welcome/{await self.reception.link(name)}"

    def _user(self, user: User) -> Document:
        return {
            "name": user.name,
            "role": user.role.value,
            "teams": None if user.teams is None else sorted(user.teams),
            "email": user.email,
            "disabled": user.disabled,
            "created_at": moment(user.created_at),
            "seen_at": moment(user.seen_at),
            "sessions": len(self.reception.sessions_of(user.name)),
        }


def _token(token: Token) -> Document:
    return {
        "name": token.name,
        "scope": token.scope.value,
        "teams": None if token.teams is None else sorted(token.teams),
        "made_by": token.made_by,
        "created_at": moment(token.created_at),
        "ends_at": moment(token.ends_at),
        "used_at": moment(token.used_at),
    }


_COMMANDS: Mapping[str, Callable[[Admitting, Asked, str], Awaitable[Any]]] = {
    "users.list": Admitting.list_users,
    "users.audit": Admitting.list_audit,
    "users.add": Admitting.add_user,
    "users.set": Admitting.set_user,
    "users.password": Admitting.set_password,
    "users.remove": Admitting.remove_user,
    "users.link": Admitting.link_user,
    "tokens.list": Admitting.list_tokens,
    "tokens.add": Admitting.add_token,
    "tokens.revoke": Admitting.revoke_token,
}
_LOOKS = frozenset({"users.list", "users.audit", "tokens.list"})
