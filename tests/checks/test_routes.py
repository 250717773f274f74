"""What a host knows of its ways out, in networks of the test's own; and where the options of a check lead."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from checks.afar import hosts
from checks.registry import KINDS
from checks.routes import gateway, is_here, is_near, linked, routes
from tests.end_to_end.daemon import wait_for
from tests.islands import Island, join


def test_gateway_is_that_of_the_default_route_with_the_least_metric() -> None:
    with Island() as here, Island() as there:
        assert here.inside(lambda: gateway(routes())) is None
        join(here, "10.78.1.2/24", there, "10.78.1.1/24")
        join(here, "fd78::2/64", there, "fd78::1/64")
        here.ip("-6", "route", "add", "default", "via", "fd78::1")
        assert here.inside(lambda: gateway(routes())) == "fd78::1"
        here.ip("route", "add", "default", "via", "10.78.1.9", "metric", "200")
        here.ip("route", "add", "default", "via", "10.78.1.1", "metric", "100")
        assert here.inside(lambda: gateway(routes())) == "10.78.1.1"


def test_gateway_on_the_link_itself_is_named_with_its_interface() -> None:
    with Island() as here, Island() as there:
        name, _ = join(here, "fd78::2/64", there, "fd78::1/64")
        here.ip("-6", "route", "add", "default", "via", "fe80::1", "dev", name)
        assert here.inside(lambda: gateway(routes())) == f"fe80::1%{name}"


def test_near_is_what_needs_no_gateway() -> None:
    with Island() as here, Island() as there:
        join(here, "10.78.1.2/24", there, "10.78.1.1/24")
        here.ip("route", "add", "default", "via", "10.78.1.1")
        here.ip("route", "add", "10.78.1.128/25", "via", "10.78.1.1")
        known = here.inside(routes)
        near = [is_near(f"10.78.1.{host}", known) for host in (1, 77, 200)]
        assert (near, is_near("192.0.2.1", known), is_near("fd78::1", known)) == (
            [True, True, False],
            False,
            False,
        )


def test_own_addresses_are_here_and_their_neighbours_are_not() -> None:
    with Island() as here, Island() as there:
        join(here, "10.78.1.2/24", there, "10.78.1.1/24")
        join(here, "fd78::2/64", there, "fd78::1/64")
        for own in ("10.78.1.2", "fd78::2", "127.0.0.7", "::1", "[::1]", "::ffff:127.0.0.1", "localhost"):
            assert here.inside(partial(is_here, own)), own
        for other in ("10.78.1.1", "fd78::1", "192.0.2.1", "web.example", "localhost.example"):
            assert not here.inside(partial(is_here, other)), other


def test_link_is_there_while_its_cable_is_plugged_in() -> None:
    with Island() as here, Island() as there:
        assert not here.inside(linked)
        _, end = join(here, "10.78.1.2/24", there, "10.78.1.1/24")
        wait_for(lambda: here.inside(linked), "the link up")
        there.ip("link", "set", end, "down")
        wait_for(lambda: not here.inside(linked), "the link down")


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("http", {"url": "https://user:secret@web.example:8443/x"}, ("web.example",)),
        ("http", {"url": "http://[2001:db8::7]/"}, ("2001:db8::7",)),
        ("http", {"url": "http://web.example/", "resolve": "192.0.2.7"}, ("192.0.2.7",)),
        ("http", {"url": "http://web.example/", "proxy": "http://127.0.0.1:3128"}, ("127.0.0.1",)),
        ("http", {"url": "http://web.example/", "unix_socket": "/run/web.sock"}, ()),
        ("tcp", {"host": "2001:db8::7", "port": 22}, ("2001:db8::7",)),
        ("ping", {"host": "192.0.2.7"}, ("192.0.2.7",)),
        ("dns", {"name": "x", "server": ["192.0.2.53:5353", "ns.example"]}, ("192.0.2.53", "ns.example")),
        ("time_sync", {"servers": ["ntp.example:123"]}, ("ntp.example",)),
        ("time_sync", {}, ()),
        ("cpu", {}, ()),
        ("disk", {"path": "/"}, ()),
        ("command", {"command": ["/bin/true"]}, ()),
    ],
)
def test_hosts_are_those_that_a_look_goes_to(
    kind: str, options: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert hosts(KINDS[kind].spec.model_validate(options)) == expected
