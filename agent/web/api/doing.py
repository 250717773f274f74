"""What all addresses that change something have in common: who may, how often, and how a refusal is told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from anyio import to_thread
from fastapi import Depends, Header, Request
from starlette.responses import JSONResponse, Response

from agent.access.person import Person, Right
from agent.control import Refused
from agent.replays import Answer, NotKnown, OtherRequest
from agent.web.api.asking import may
from agent.web.api.models import ProblemModel
from agent.web.api.problems import Problem
from agent.web.daemon import Daemon
from agent.web.sight import sees_ticket
from agent.web.whence import whence
from alerting.desk.ticket import Ticket, parse_id

_PATIENCE = 40.0  # longer than a look of all checks, or a reload, may take
_KEY = "^[!-~]{1,200}$"
_SEEN = r'^("[0-9]{1,9}"|\*)$'
_VERSION = re.compile(r'"([0-9]{1,9})"')
REFUSALS: dict[int | str, dict[str, Any]] = {
    409: {"description": "not in the state that it is in", "model": ProblemModel},
    412: {"description": "it was changed since the version that If-Match names", "model": ProblemModel},
}


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who may do it."""

    person: Person
    daemon: Daemon
    request: Request

    @property
    def version(self) -> int | None:
        """Of the ticket as they have seen it; None where they say none."""
        found = _VERSION.fullmatch(self.request.headers.get("if-match", ""))
        return None if found is None else int(found[1])

    @property
    def key(self) -> str | None:
        return self.request.headers.get("idempotency-key")

    async def do(self, command: str, **arguments: Any) -> Any:
        """What the command would do, noted under this person's name. Raises Problem."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.daemon.change(self.person, whence(self.request), command, arguments)
        except Refused as refused:
            _told(refused)
        except TimeoutError:
            raise Problem(
                503, "whether it was done is not known: the store is slow; look", {"Retry-After": "5"}
            ) from None

    async def desk(self, verb: str, ticket: str, **arguments: Any) -> Any:
        """A verb of the desk on a ticket of theirs. Raises Problem."""
        found = await self.ticket(ticket)
        version = {} if self.version is None else {"version": self.version}
        return await self.do("desk", verb=verb, arguments={"ticket": found.number, **version, **arguments})

    async def ticket(self, name: str) -> Ticket:
        """The one that is called so. Raises Problem where there is none, or it is not theirs."""
        number = parse_id(name)
        found = None if number is None else self.daemon.world().tickets.get(number)
        if found is None and number is not None:
            found = await to_thread.run_sync(self._stored, number)
        if found is None or not sees_ticket(self.daemon.config(), self.person, found):
            raise Problem(404, "there is no such ticket")
        return found

    def _stored(self, number: int) -> Ticket | None:
        with self.daemon.store() as store:
            return store.ticket(number)

    async def once(self, work: Callable[[], Awaitable[Any]], status: int = 201) -> Response:
        """What `work` gives, as JSON; with an Idempotency-Key it is done once, and the answer given again."""
        if self.key is None:
            return JSONResponse(await work(), status, {"Cache-Control": "no-store"})
        replays, who, key = self.daemon.replays, f"{self.person.way}:{self.person.name}"[:80], self.key
        request = await self._digest()
        try:
            before = await replays.begin(who, key, request)
        except OtherRequest:
            raise Problem(422, "Idempotency-Key: it was given for another request before") from None
        except NotKnown:
            raise Problem(409, "the request with that key has not ended: look whether it was done") from None
        if before is not None:
            return _again(before)
        try:
            answer = JSONResponse(await work(), status, {"Cache-Control": "no-store"})
        except Problem:
            await replays.forget(who, key)
            raise
        await replays.end(who, key, request, Answer(status, bytes(answer.body).decode()))
        return answer

    async def _digest(self) -> str:
        said = b"\0".join((self.request.url.path.encode(), await self.request.body()))
        return hashlib.sha256(said).hexdigest()


def _again(answer: Answer) -> Response:
    headers = {"Cache-Control": "no-store", "Idempotency-Replayed": "true"}
    return Response(answer.text, answer.status, headers, media_type="application/json")


def _told(refused: Refused) -> NoReturn:
    """Raises the Problem that it is."""
    statuses = {"missing": 404, "illegal": 409, "stale": 412, "not_now": 503}
    raise Problem(statuses.get(refused.why, 400 if refused.usage else 422), str(refused)) from None


def hand(right: Right) -> Callable[..., Hand]:
    """A dependency that gives the hand of the person who asks, where they may. Raises Problem."""

    def given(
        request: Request,
        person: Person,
        x_csrf: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> Hand:
        daemon: Daemon = request.app.state.daemon
        if person.way == "session" and not hmac.compare_digest((x_csrf or "").encode(), person.csrf.encode()):
            raise Problem(403, "a page's session changes things with its X-CSRF alone; programs show a token")
        if not daemon.pace.takes(f"{person.way}:{person.name}"):
            raise Problem(429, "too many changes at once: wait a few seconds", {"Retry-After": "5"})
        return Hand(person, daemon, request)

    # Said here, for annotations are texts, in which nobody would find `right`.
    given.__annotations__["person"] = Annotated[Person, Depends(may(right))]
    return given


def _seen(
    if_match: Annotated[
        str | None,
        Header(pattern=_SEEN, description='The ETag of the ticket as you have seen it, such as `"7"`.'),
    ] = None,
) -> None:
    """What `Hand.version` reads is of that form."""


def _keyed(
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=_KEY, description="The same key gets the same answer for a day; nothing is done twice."
        ),
    ] = None,
) -> None:
    """What `Hand.key` reads is of that form."""


SEEN, KEYED = [Depends(_seen)], [Depends(_keyed)]
Working = Annotated[Hand, Depends(hand(Right.WORK))]
Planning = Annotated[Hand, Depends(hand(Right.PLAN))]
Administering = Annotated[Hand, Depends(hand(Right.ADMINISTER))]
