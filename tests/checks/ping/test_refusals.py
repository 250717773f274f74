"""What stands in the way of a ping, said by routers, by this host, or by the kernel: each its own reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from checks.base import ErrorKind, Observation
from checks.ping.door import FORBIDDEN
from tests.checks.ping.namespace import LOOPS, apart, ip
from tests.checks.ping.responder import Answer, Asked, answering, echo, error
from tests.checks.ping.test_ping import HOME, each_door, each_version, look

ROUTER = {4: "10.9.9.9", 6: "fd00::9"}
TOCSIN = Path(sys.executable).with_name("tocsin")

SAID = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 6): "network unknown",
    (4, 3, 7): "host unknown",
    (4, 3, 9): "network administratively prohibited",
    (4, 3, 10): "host administratively prohibited",
    (4, 3, 13): "administratively prohibited",
    (4, 11, 0): "TTL exceeded on the way",
    (4, 12, 0): "request not understood, code 0",
    (6, 1, 0): "no route",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "host unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address refused by policy",
    (6, 1, 6): "route rejected",
    (6, 3, 0): "TTL exceeded on the way",
    (6, 3, 1): "fragments not all arrived in time",
    (6, 4, 1): "request not understood, code 1",
}


def refused(
    version: int, behaviour: Callable[[Asked], Iterable[Answer]], *, raw: bool = False, loop: str = "asyncio"
) -> Observation:
    """A look of three requests where a router answers instead of the target."""

    async def scene() -> Observation:
        ip("addr", "add", "10.9.9.9/32", "dev", "lo")
        ip("addr", "add", "fd00::9/128", "dev", "lo", "nodad")
        with answering(version, behaviour):
            return await look(HOME[version], count=3, wait="2s")

    return apart(scene, loop, raw=raw)


@each_door
@pytest.mark.parametrize("said", SAID, ids=lambda said: f"IPv{said[0]}-{said[1]}-{said[2]}")
def test_what_a_router_says_is_the_reason_and_who_said_it(said: tuple[int, int, int], raw: bool) -> None:
    version, kind, code = said
    seen = refused(version, lambda asked: (error(asked, kind, code, ROUTER[version]),), raw=raw)
    assert seen.failure == f"no answer from {HOME[version]}: {SAID[said]}, says {ROUTER[version]}"
    assert (seen.error_kind, seen.values["loss"]) == (ErrorKind.UNREACHABLE, 1)


@each_version
@pytest.mark.parametrize("loop", LOOPS)
def test_errors_reach_both_loops_even_when_they_quote_only_the_header(version: int, loop: str) -> None:
    header = 48 if version == 6 else 28
    codes = {4: (3, 1), 6: (1, 3)}
    seen = refused(
        version, lambda asked: (error(asked, *codes[version], ROUTER[version], quoted=header),), loop=loop
    )
    assert seen.failure == f"no answer from {HOME[version]}: host unreachable, says {ROUTER[version]}"


@each_version
@each_door
def test_an_error_about_what_we_did_not_send_is_nothing(version: int, raw: bool) -> None:
    """Another payload, and a sequence number that is not ours: both quote the right id."""
    codes = {4: (3, 1), 6: (1, 3)}

    def others(asked: Asked) -> Iterable[Answer]:
        payload = len(asked.packet) - len(asked.payload)
        sequence = ((asked.sequence + 50) & 0xFFFF).to_bytes(2)
        for packet in (
            asked.packet[:payload] + bytes(len(asked.payload)),
            asked.packet[: payload - 2] + sequence + asked.payload,
        ):
            changed = Asked(
                version, 0, asked.source, asked.target, asked.ident, asked.sequence, asked.payload, packet
            )
            yield error(changed, *codes[version], ROUTER[version])
        yield echo(asked)

    seen = refused(version, others, raw=raw)
    assert (seen.failure, seen.values["loss"], seen.notes) == (None, 0, ())


@each_version
@each_door
def test_some_errors_among_answers_are_a_loss_with_its_reason(version: int, raw: bool) -> None:
    codes = {4: (3, 13), 6: (1, 1)}

    def first_alone(asked: Asked) -> Iterable[Answer]:
        return (error(asked, *codes[version], ROUTER[version]) if asked.number else echo(asked),)

    seen = refused(version, first_alone, raw=raw)
    assert seen.values["loss"] == pytest.approx(2 / 3)
    assert seen.notes == (f"no answer to some requests: administratively prohibited, says {ROUTER[version]}",)


@each_version
def test_an_answer_beats_an_error_about_the_same_request(version: int) -> None:
    codes = {4: (3, 1), 6: (1, 3)}

    def both(asked: Asked) -> Iterable[Answer]:
        return () if asked.number == 2 else (error(asked, *codes[version], ROUTER[version]), echo(asked))

    seen = refused(version, both)
    assert seen.values["loss"] == pytest.approx(1 / 3)
    assert seen.notes == ()


@each_version
@each_door
def test_a_packet_that_may_not_be_cut_up_and_does_not_fit_tells_what_would(version: int, raw: bool) -> None:
    async def scene() -> list[Observation]:
        ip("link", "set", "lo", "mtu", "1400")
        fits = 1400 - (48 if version == 6 else 28)
        return [
            await look(HOME[version], count=2, dont_fragment=True, size=size) for size in (fits, fits + 1)
        ]

    fits, does_not = apart(scene, raw=raw)
    assert (fits.failure, fits.values["loss"]) == (None, 0)
    assert does_not.failure is not None
    assert "1401 bytes is too big: the path takes at most 1400 bytes" in does_not.failure
    assert does_not.error_kind is ErrorKind.UNREACHABLE


@each_door
@pytest.mark.parametrize(
    ("route", "address", "reason"),
    [
        ("unreachable", "198.51.100.1", "no route to host 198.51.100.1"),
        ("unreachable", "2001:db8::1", "no route to host 2001:db8::1"),
        ("", "198.51.100.1", "no route to the network of 198.51.100.1"),
        ("", "2001:db8::1", "no route to the network of 2001:db8::1"),
    ],
    ids=["unreachable-4", "unreachable-6", "none-4", "none-6"],
)
def test_an_address_without_a_route_is_down_at_once(route: str, address: str, reason: str, raw: bool) -> None:
    async def scene() -> Observation:
        if route:
            ip("route", "add", route, address)
        return await look(address)

    seen = apart(scene, raw=raw)
    assert (seen.failure, seen.error_kind) == (reason, ErrorKind.UNREACHABLE)
    assert (seen.values["loss"], seen.values["ip"]) == (1, address)


@each_door
def test_a_neighbour_that_is_not_there_is_told_by_this_host(raw: bool) -> None:
    """Nobody answers the ARP requests on a cable whose other end is plugged in and belongs to nobody."""

    async def scene() -> Observation:
        ip("link", "add", "left", "type", "veth", "peer", "name", "right")
        ip("addr", "add", "192.0.2.1/24", "dev", "left")
        ip("link", "set", "left", "up")
        ip("link", "set", "right", "up")
        return await look("192.0.2.7", count=2, wait="8s", timeout=20)

    seen = apart(scene, raw=raw)
    assert seen.failure == "no answer from 192.0.2.7: host unreachable, says this host (192.0.2.1)"


def test_an_address_that_nobody_has_is_down_when_the_time_is_over() -> None:
    """On a cable whose other end takes packets for anybody and drops them."""

    async def scene() -> Observation:
        ip("link", "add", "left", "type", "veth", "peer", "name", "right")
        ip("addr", "add", "192.168.152.1/24", "dev", "left")
        ip("link", "set", "left", "up")
        ip("link", "set", "right", "up")
        ip("neigh", "add", "192.168.152.153", "lladdr", "02:00:00:00:00:01", "dev", "left")
        return await look("192.168.152.153", timeout=0.5, wait="2s")

    seen = apart(scene)
    assert (seen.failure, seen.error_kind) == (
        "no answer from 192.168.152.153 to 5 requests",
        ErrorKind.TIMEOUT,
    )
    assert (seen.values["loss"], seen.values["latency"]) == (1, None)


def test_an_ipv4_address_while_ipv6_is_demanded_is_not_looked_at() -> None:
    seen = apart(lambda: look("127.0.0.1", ip="6"))
    assert (seen.failure, seen.blind) == (None, "127.0.0.1 is no IPv6 address")
    assert seen.values["latency"] is None


@pytest.mark.parametrize(("route", "blind"), [("prohibit", True), ("blackhole", False)])
def test_what_this_host_forbids_says_nothing_of_the_target(route: str, blind: bool) -> None:
    async def scene() -> Observation:
        ip("route", "add", route, "198.51.100.1")
        return await look("198.51.100.1")

    seen = apart(scene)
    assert (seen.blind is not None) is blind
    assert (seen.failure is None) is blind


OPEN, CLOSED = f"0 {2**31 - 1}", "1 0"
DROP = ("--bounding-set", "-net_raw", "--inh-caps", "-net_raw")


@pytest.fixture
def command(tmp_path: Path, program: Callable[[str, str], Path]) -> Callable[..., dict[str, Any]]:
    """Runs `tocsin check` on both loopback addresses, without privileges or with, under a ping_group_range."""
    unshare, setpriv = program("unshare", "util-linux"), program("setpriv", "util-linux")
    file = tmp_path / "tocsin.yaml"
    check = "{{type: ping, host: '{}', count: 2, interval: 10ms}}"
    four, six = check.format("127.0.0.1"), check.format("::1")
    file.write_text(f"services: {{home: {{checks: {{four: {four}, six: {six}}}}}}}\n", encoding="utf-8")

    def run(allowed: str, *privileges: str) -> dict[str, Any]:
        script = f'ip link set lo up && echo "{allowed}" > /proc/sys/net/ipv4/ping_group_range && exec "$@"'
        wrapped = [str(setpriv), *privileges, str(TOCSIN), "check", "--config", str(file), "--json"]
        done = subprocess.run(
            [str(unshare), "--net", "sh", "-c", script, "sh", *wrapped],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "unshare failed" in done.stderr:
            pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
        assert done.stderr == ""
        return {reading["check"]: reading for reading in json.loads(done.stdout)}

    return run


@pytest.mark.parametrize(
    ("allowed", "privileges"), [(OPEN, DROP), (CLOSED, ()), (OPEN, ())], ids=["group", "capability", "both"]
)
def test_either_permission_is_enough(
    command: Callable[..., dict[str, Any]], allowed: str, privileges: tuple[str, ...]
) -> None:
    readings = command(allowed, *privileges)
    assert {name: each["status"] for name, each in readings.items()} == {"four": "ok", "six": "ok"}


def test_without_a_permission_it_is_unknown_and_the_remedy_is_told(
    command: Callable[..., dict[str, Any]],
) -> None:
    for reading in command(CLOSED, *DROP).values():
        assert (reading["status"], reading["error_kind"]) == ("unknown", "local")
        assert reading["message"] == f"could not look: {FORBIDDEN}"
        assert "net.ipv4.ping_group_range" in reading["message"]
        assert "CAP_NET_RAW" in reading["message"]
