"""uvicorn in the daemon's own loop: our sockets, our signals, no access log."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

from config.errors import ConfigError

# Many jobs begin at the full hour, and all of them report at once.
_MOST_AT_ONCE = 1000


class WebServer:
    """Serves one app on the addresses given (`127.0.0.1:9809`; port 0 takes a free one).

    It listens at once, so that a port in use is known before anything else starts; what serves, and the
    app itself (`make`), is imported aside while the first looks are already under way.
    """

    def __init__(self, make: Callable[[], Any], addresses: list[tuple[str, str]]) -> None:
        """`addresses`: (setting's name, address). Raises ConfigError when one cannot be listened on."""
        self._make = make
        self._sockets = [_bound(setting, address) for setting, address in addresses]
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> list[str]:
        """What is really listened on, as `http://host:port`."""
        shown = []
        for listener in self._sockets:
            host, port = listener.getsockname()[:2]
            shown.append(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        return shown

    async def start(self) -> None:
        """Serve; what came in meanwhile has waited in the sockets."""
        self._server = await asyncio.to_thread(lambda: _server(self._make()))
        self._task = asyncio.create_task(self._server.serve(sockets=self._sockets), name="web")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        if self._task is not None:
            self._server.end()
            await asyncio.gather(self._task, return_exceptions=True)
        for listener in self._sockets:
            listener.close()


def _server(app: Any) -> Any:
    """A uvicorn server in whose process the daemon handles the signals itself."""
    import uvicorn

    class Quiet(uvicorn.Server):
        """uvicorn's own loop looks ten times a second whether to end; this one is told."""

        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self._told = asyncio.Event()

        def end(self) -> None:
            self.should_exit = True
            self._told.set()

        async def main_loop(self) -> None:
            while not await self.on_tick(0):  # renews the Date header
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._told.wait(), 1.0)

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        app, http="h11", ws="none", loop="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=2, limit_concurrency=_MOST_AT_ONCE,
        h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    return Quiet(config)


def _bound(setting: str, address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, int(port)), family=family, backlog=_MOST_AT_ONCE)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{setting}: cannot listen on {address}: {reason}") from None
