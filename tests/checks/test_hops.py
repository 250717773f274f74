"""The way to an address, in networks of the test's own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import uvloop

from checks.hops import MOST, hops
from tests.islands import Island, join

TIMED = re.compile(r"  [0-9.]+ ms$")


class Way:
    """Here, two routers, and a target behind them, with IPv4 and IPv6."""

    def __init__(self) -> None:
        self.here, self.first, self.second, self.there = (Island() for _ in range(4))
        chain = (self.here, self.first, self.second, self.there)
        for number, (one, other) in enumerate(pairwise(chain)):
            for net, length in ((f"10.80.{number}.", "24"), (f"fd80:{number}::", "64")):
                join(one, f"{net}1/{length}", other, f"{net}2/{length}")
        for router in (self.first, self.second):
            router.kernel("ipv4/ip_forward", "1")
            # One test after the other would else use up what a router says to one host in a while.
            router.kernel("ipv4/icmp_ratelimit", "0")
            router.kernel("ipv6/icmp/ratelimit", "0")
            router.kernel("ipv6/conf/all/forwarding", "1")
        self.here.ip("route", "add", "default", "via", "10.80.0.2")
        self.here.ip("-6", "route", "add", "default", "via", "fd80:0::2")
        self.first.ip("route", "add", "10.80.2.0/24", "via", "10.80.1.2")
        self.first.ip("-6", "route", "add", "fd80:2::/64", "via", "fd80:1::2")
        self.second.ip("route", "add", "default", "via", "10.80.1.1")
        self.second.ip("-6", "route", "add", "default", "via", "fd80:1::1")
        self.there.ip("route", "add", "default", "via", "10.80.2.1")
        self.there.ip("-6", "route", "add", "default", "via", "fd80:2::1")

    def close(self) -> None:
        for island in (self.here, self.first, self.second, self.there):
            island.close()


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    made = Way()
    yield made
    made.close()


def walked(island: Island, address: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> list[str]:
    """The lines, without the times of those that have one."""

    def walk() -> tuple[str, ...]:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(hops(address))

    return [TIMED.sub("  …", line) for line in island.inside(walk)]


LOOPS = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)


@LOOPS
def test_each_router_and_the_target_are_named(
    way: Way, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    assert walked(way.here, "10.80.2.2", loop) == ["1  10.80.0.2  …", "2  10.80.1.2  …", "3  10.80.2.2  …"]
    assert walked(way.here, "fd80:2::2", loop) == ["1  fd80::2  …", "2  fd80:1::2  …", "3  fd80:2::2  …"]


def test_target_that_is_gone_is_told_by_the_last_router(way: Way) -> None:
    first, second, *rest = walked(way.here, "10.80.2.77", asyncio.new_event_loop)
    assert (first, second) == ("1  10.80.0.2  …", "2  10.80.1.2  …")
    assert rest == ["3  host unreachable, says 10.80.1.2"] or rest == [f"3-{MOST}  no answer"]


def test_silence_is_told_in_one_line(way: Way) -> None:
    way.second.ip("route", "add", "blackhole", "10.90.0.0/16")
    way.first.ip("route", "add", "10.90.0.0/16", "via", "10.80.1.2")
    lines = walked(way.here, "10.90.0.1", asyncio.new_event_loop)
    assert (lines[0], lines[-1]) == ("1  10.80.0.2  …", f"2-{MOST}  no answer")


def test_router_that_refuses_ends_the_way(way: Way) -> None:
    way.second.ip("route", "add", "prohibit", "10.91.0.0/16")
    way.first.ip("route", "add", "10.91.0.0/16", "via", "10.80.1.2")
    lines = walked(way.here, "10.91.0.1", asyncio.new_event_loop)
    assert lines[0] == "1  10.80.0.2  …"
    assert lines[-1] == "2  administratively prohibited, says 10.80.1.2"


def test_host_without_a_way_out_says_so() -> None:
    with Island() as alone:
        assert walked(alone, "192.0.2.1", asyncio.new_event_loop) == [
            "no way out of this host: no route to the network of 192.0.2.1"
        ]
