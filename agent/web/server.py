"""uvicorn in the daemon's own loop: our sockets, our signals, no access log."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from config.certificates import CannotServe, load_pair
from config.errors import ConfigError
from config.web import TlsOptions

# Many jobs begin at the full hour, and all of them report at once.
_MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Listener:
    """What is served where: the setting's name, its address (port 0 takes a free one), and what makes the app."""

    setting: str
    address: str
    make: Callable[[], Any]
    tls: ssl.SSLContext | None = None


class WebServer:
    """Serves each app on its address.

    It listens at once, so that a port in use is known before anything else starts; what serves, and the
    apps themselves, are imported aside while the first looks are already under way.
    """

    def __init__(self, listeners: list[Listener], handed: Collection[socket.socket] = ()) -> None:
        """`handed` are sockets that listen already, for us. Raises ConfigError when one cannot be listened on."""
        left = {_place(each.getsockname()): each for each in handed}
        self._listeners = [(each, _bound(each.setting, each.address, left)) for each in listeners]
        if left:
            known = " and ".join(each.setting for each in listeners)
            raise ConfigError(
                f"a socket was handed over for {', '.join(left)}, which is not the address of {known}"
            )
        self._servers: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def addresses(self) -> list[str]:
        """What is really listened on, as `http://host:port`."""
        shown = []
        for listener, bound in self._listeners:
            host, port = bound.getsockname()[:2]
            scheme = "http" if listener.tls is None else "https"
            shown.append(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")
        return shown

    async def start(self) -> None:
        """Serve; what came in meanwhile has waited in the sockets."""
        for listener, bound in self._listeners:
            server = await asyncio.to_thread(_server, listener)
            task = asyncio.create_task(server.serve(sockets=[bound]), name="web")
            self._servers.append(server)
            self._tasks.append(task)
            while not server.started and not task.done():
                await asyncio.sleep(0.005)

    async def stop(self) -> None:
        for server in self._servers:
            server.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, bound in self._listeners:
            bound.close()


def certified(tls: TlsOptions | None, now: ssl.SSLContext | None = None) -> ssl.SSLContext | None:
    """What TLS is spoken with; `now` takes the files of this moment, for new connections. Raises ConfigError."""
    try:
        return None if tls is None else load_pair(tls, now)
    except CannotServe as error:
        raise ConfigError(f"agent.web.tls: {error}") from None


def _server(listener: Listener) -> Any:
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

    tls = listener.tls
    config = uvicorn.Config(
        listener.make(), http="h11", ws="none", loop="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=2, limit_concurrency=_MOST_AT_ONCE,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls,
    )  # fmt: skip
    return Quiet(config)


def _place(name: Any) -> str:
    """Where a socket listens: host:port, or the path of one of another sort."""
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)


def _bound(setting: str, address: str, handed: dict[str, socket.socket]) -> socket.socket:
    """The one of those `handed` over that listens there, which is taken out of them; else a new one."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family = found[0][0]
        given = next((handed.pop(place) for each in found if (place := _place(each[4])) in handed), None)
        listener = given or socket.create_server((host, int(port)), family=family, backlog=_MOST_AT_ONCE)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{setting}: cannot listen on {address}: {reason}") from None
    # Those that it accepts have it too; else the body of an answer waits 40 ms for the receipt of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
