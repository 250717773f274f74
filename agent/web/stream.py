"""Server-sent events: what changed, to one who watches, for as long as they may and keep up."""

from __future__ import annotations

import asyncio
import json
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from agent.access.person import Person
from agent.web.daemon import Daemon
from agent.web.live import Live, TooMany, told

_QUIET = 15.0  # then a word that means nothing keeps the connection open, and whoever may no longer watch is sent away
_SLOW = 30.0  # who takes longer than that for one event comes again later
_AGAIN = 3000  # milliseconds after which a browser comes again
_LAST = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})", re.ASCII)


class Stream(Response):
    """An answer that ends when the one who asked leaves, may no longer look, or falls behind."""

    media_type = "text/event-stream"

    def __init__(self, daemon: Daemon, request: Request, person: Person) -> None:
        super().__init__(None, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._daemon, self._request, self._person = daemon, request, person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":  # it would never end
            await Response(headers=dict(self.headers))(scope, receive, send)
            return
        try:
            with self._daemon.live.watching(self._person.name):
                await self._watch(receive, send)
        except TooMany as error:
            full = PlainTextResponse(f"{error}: come again later\n", 503, {"Retry-After": "60"})
            await full(scope, receive, send)

    async def _watch(self, receive: Receive, send: Send) -> None:
        telling = asyncio.ensure_future(self._tell(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        live, who = self._daemon.live, self._person
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        number = _since(live, self._request.headers.get("last-event-id", ""))
        await _sent(send, f"retry: {_AGAIN}\n\n" + ("" if number is not None else _event(live, "reload", {})))
        number = live.number if number is None else number
        while not live.ended:
            changes = live.after(number)
            number = live.number
            if changes is None:
                await _sent(send, _event(live, "reload", {}))
            elif about := told(changes, self._daemon.config(), who):
                await _sent(send, _event(live, "changed", about))
            await live.wait(number, _QUIET)
            now = await self._daemon.who(self._request)
            if now is None or now.name != who.name:
                break
            who = now
            if number == live.number:
                await _sent(send, ":\n\n")
        await send({"type": "http.response.body", "body": b""})


def _since(live: Live, last: str) -> int | None:
    """The number that the one who comes knows; None where what came since then is not known."""
    if not last:
        return live.number
    found = _LAST.fullmatch(last)
    if found is None or found[1] != live.run or live.after(int(found[2])) is None:
        return None
    return int(found[2])


def _event(live: Live, name: str, data: object) -> str:
    said = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return f"id: {live.run}-{live.number}\nevent: {name}\ndata: {said}\n\n"


async def _sent(send: Send, text: str) -> None:
    """Raises TimeoutError where nobody takes it."""
    message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    await asyncio.wait_for(send(message), _SLOW)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
