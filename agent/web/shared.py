"""Pages that look the same to many are made once for all of them, as they are after the latest change."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

from starlette.responses import Response

from agent.clock import Clock

LASTS = 5.0
_MOST = 64
Make = Callable[[], Awaitable[Response]]


class Shared:
    """Those who ask while one is being made wait for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: OrderedDict[Hashable, tuple[float, asyncio.Future[Response]]] = OrderedDict()

    async def get(self, key: Hashable, make: Make) -> Response:
        """The response under the key, made anew after `LASTS` seconds. Raises what `make` raises, to all who wait."""
        now = self._clock.monotonic()
        at, found = self._made.get(key, (0.0, None))
        if found is None or now - at > LASTS or _failed(found):
            found = asyncio.ensure_future(make())
            self._made[key] = (now, found)
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
        made = await asyncio.shield(found)
        return Response(made.body, made.status_code, dict(made.headers))


def _failed(found: asyncio.Future[Response]) -> bool:
    return found.done() and (found.cancelled() or found.exception() is not None)
