"""The monitor's own network goes: nothing but that is told, nobody loses uptime; and real trouble is told all the same.

The daemon lives in a network of its own: a gateway that answers pings and names, and a web server beyond it.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.checks.name_server import NameServer
from tests.end_to_end.daemon import Daemon, wait_for
from tests.islands import Island, join

QUICK = {"every": "1s", "timeout": "1s", "retry_every": "200ms"}
KNOWN = {"": (), "web.example": ("10.77.2.2",)}
NAMED = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


class Site:
    """A web server at an address of an island."""

    def __init__(self, island: Island, address: str) -> None:
        self._server = island.inside(lambda: ThreadingHTTPServer((address, 80), _Page))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class World:
    """Monitor, gateway and server; `cut` ways to take the network from the monitor, each with what undoes it."""

    def __init__(self, stack: ExitStack) -> None:
        self.monitor, self.gateway, self.server = (stack.enter_context(Island()) for _ in range(3))
        _, self.near = join(self.monitor, "10.77.1.2/24", self.gateway, "10.77.1.1/24")
        join(self.gateway, "10.77.2.1/24", self.server, "10.77.2.2/24")
        self.gateway.kernel("ipv4/ip_forward", "1")
        self.monitor.ip("route", "add", "default", "via", "10.77.1.1")
        self.server.ip("route", "add", "default", "via", "10.77.2.1")
        names = self.gateway.inside(lambda: NameServer(KNOWN, "10.77.1.1", 53))
        stack.enter_context(names)
        self.site = Site(self.server, "10.77.2.2")
        stack.callback(self.site.close)

    def unplug(self) -> Callable[[], None]:
        """The cable itself: the link goes down."""
        self.gateway.ip("link", "set", self.near, "down")
        return lambda: self.gateway.ip("link", "set", self.near, "up")

    def part(self) -> Callable[[], None]:
        """Somewhere behind a switch: the link stays up, and nobody answers."""
        self.gateway.ip("addr", "flush", "dev", self.near)
        return lambda: self.gateway.ip("addr", "add", "10.77.1.1/24", "dev", self.near)


class Islander(Daemon):
    """A daemon in the monitor's network, with its own /etc/resolv.conf."""

    def __init__(self, world: World, directory: Path, **config: Any) -> None:
        self._island = world.monitor
        (directory / "resolv.conf").write_text("nameserver 10.77.1.1\noptions timeout:1 attempts:1\n")
        self._names = str(directory / "resolv.conf")
        super().__init__(directory, **config)

    def start(self, *wrapper: str) -> Islander:
        inside = ("unshare", "--mount", "sh", "-c", NAMED, self._names)
        super().start(*self._island.entering, *inside, *wrapper)
        return self

    def get(self, path: str) -> tuple[int, str]:
        def asked() -> tuple[int, str]:
            place = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=5)
            with closing(place) as connection, suppress(OSError, http.client.HTTPException):
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            return 0, ""

        return self._island.inside(asked)

    def statuses(self) -> dict[str, str]:
        services = self.json("status")["services"]
        return {
            f"{each['service']}.{check['check']}": check["status"]
            for each in services
            for check in each["checks"]
            if each["service"] != "tocsin"
        }

    def incidents(self) -> list[tuple[str, str, str]]:
        return [(each["service"], each["rule"], each["state"]) for each in self.json("incidents")]


def all_are(daemon: Islander, status: str) -> Callable[[], bool]:
    return lambda: set(daemon.statuses().values()) == {status}


def answering(daemon: Islander, *names: str) -> Callable[[], bool]:
    return lambda: set(names) <= daemon.metrics().labels("tocsin_reference_answers", "reference")


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


@pytest.fixture
def services() -> dict[str, Any]:
    web = {"type": "http", "url": "http://10.77.2.2/", **QUICK}
    return {
        "shop": {"checks": {"web": web, "named": {**web, "url": "http://web.example/"}}},
        "host": {"checks": {"ping": {"type": "ping", "host": "10.77.2.2", "count": 1, **QUICK}}},
    }


@pytest.mark.parametrize("cut", [World.unplug, World.part], ids=["unplugged", "parted"])
def test_only_the_isolation_is_told_while_the_network_is_gone(
    world: World, services: dict[str, Any], cut: Callable[[World], Callable[[], None]], tmp_path: Path
) -> None:
    with Islander(world, tmp_path, services=services).start() as daemon:
        wait_for(all_are(daemon, "ok"), "all checks ok")
        wait_for(answering(daemon, "gateway 10.77.1.1", "resolver 10.77.1.1"), "references that answer")

        mend = cut(world)
        wait_for(all_are(daemon, "unknown"), "all checks unknown")
        wait_for(lambda: ("tocsin", "isolated", "open") in daemon.incidents(), "the one incident")
        assert daemon.metrics().total("tocsin_isolated") == 1
        looks = daemon.metrics().total("tocsin_check_runs_total", status="unknown")
        wait_for(
            lambda: daemon.metrics().total("tocsin_check_runs_total", status="unknown") >= looks + 6,
            "more looks in vain",
        )

        assert daemon.incidents() == [("tocsin", "isolated", "open")]
        assert [each["title"] for each in daemon.tickets()] == ["The monitor is isolated"]
        assert daemon.events("check.flipped") == []
        assert len(daemon.events("monitor.isolated")) == 1
        told = [each for each in daemon.json("uptime") if each["service"] in services]
        for each in told:
            assert Fraction(each["uptime"]) == 1 and float(each["coverage_percent"]) < 100, each
        assert len(told) == 2

        mend()
        wait_for(all_are(daemon, "ok"), "all checks ok again")
        wait_for(lambda: daemon.incidents() == [("tocsin", "isolated", "watching")], "its end")
        assert daemon.metrics().total("tocsin_isolated") == 0

        world.site.close()
        wait_for(lambda: ("shop", "web", "open") in daemon.incidents(), "an incident of the web server")
        assert daemon.statuses()["host.ping"] == "ok"


def test_isolation_goes_on_over_a_restart(world: World, services: dict[str, Any], tmp_path: Path) -> None:
    with Islander(world, tmp_path, services=services).start() as daemon:
        wait_for(answering(daemon, "gateway 10.77.1.1", "resolver 10.77.1.1"), "references that answer")
        wait_for(all_are(daemon, "ok"), "all checks ok")
        mend = world.part()
        wait_for(lambda: ("tocsin", "isolated", "open") in daemon.incidents(), "the one incident")
        daemon.kill()
        daemon.start()
        wait_for(all_are(daemon, "unknown"), "all checks unknown")
        assert daemon.incidents() == [("tocsin", "isolated", "open")]
        mend()
        wait_for(lambda: daemon.incidents() == [("tocsin", "isolated", "watching")], "its end")


def test_gateway_that_answers_no_pings_is_no_isolation_while_sites_answer(
    world: World, services: dict[str, Any], tmp_path: Path
) -> None:
    other = Site(world.gateway, "10.77.2.1")
    references = {"sites": ["http://10.77.2.1/", "10.77.2.1:80"]}
    try:
        daemon = Islander(world, tmp_path, agent={"references": references}, services=services)
        with daemon.start():
            wait_for(all_are(daemon, "ok"), "all checks ok")
            wait_for(answering(daemon, "gateway 10.77.1.1", "site 10.77.2.1:80"), "references that answer")
            world.gateway.kernel("ipv4/icmp_echo_ignore_all", "1")
            world.site.close()
            world.server.ip("addr", "flush", "to", "10.77.2.2")
            wait_for(lambda: ("shop", "web", "open") in daemon.incidents(), "an incident of the web server")
            assert daemon.metrics().total("tocsin_isolated") == 0
    finally:
        other.close()


def test_way_to_what_cannot_be_reached_stands_in_its_ticket(world: World, tmp_path: Path) -> None:
    lost = {"type": "tcp", "host": "10.77.2.9", "port": 80, **QUICK}
    with Islander(world, tmp_path, services={"lost": {"checks": {"door": lost}}}).start() as daemon:
        wait_for(daemon.tickets, "a ticket")
        found = wait_for(
            lambda: daemon.rows("SELECT text FROM ticket_events WHERE what = 'hops'"), "the way in its ticket"
        )
        assert found[0][0].startswith("way to 10.77.2.9:\n    1  10.77.1.1  ")
