"""What `tocsin explain routes` prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
FILE = """
agent: {id: test, state_dir: state, timezone: UTC}
calendars: {office: {zone: UTC, hours: "mon-fri 08:00-17:00"}}
teams: {web: {}}
channels:
  phone: {type: email, from: a@example.org, server: mail.example.org, to: [phone@example.org]}
  mail: {type: email, from: a@example.org, server: mail.example.org, to: [mail@example.org]}
services:
  shop:
    {team: web, criticality: critical, checks: {home: &look {type: tcp, host: localhost, port: 1}, cart: *look}}
  wiki: {criticality: low}
"""
ROUTES = """
routes:
  - {match: {severity: critical}, send_to: phone, repeat: 30m, fallback: mail, continue: true}
  - {match: {team: web, active: office}, send_to: mail, delay: 5m}
  - {match: {check: shop.cart}, send_to: mail}
"""
AT_NIGHT, AT_WORK = "2026-11-23T03:00", "2026-11-23T09:00"


@pytest.fixture(autouse=True)
def place(tmp_path: Path) -> Path:
    (tmp_path / "tocsin.yaml").write_text(FILE + ROUTES)
    return tmp_path


def test_each_route_is_told_with_where_it_leads_or_why_it_is_not_taken(tocsin: Run) -> None:
    ended = tocsin("explain", "routes", "shop", "--at", AT_WORK)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "shop, tickets opened 2026-11-23 09:00:00\n"
        "\n"
        "shop down: critical (critical service is down)\n"
        "  route 1 (severity critical): yes, to phone at once; again every 30m; stuck for\n"
        "      15m: to mail\n"
        "  route 2 (team web, while office is open): yes, to mail after 5m\n"
        "  route 3 (check shop.cart): no, route 2 comes first\n"
        "\n"
        "shop degraded: high (critical service is degraded)\n"
        "  route 1 (severity critical): no, severity is high\n"
        "  route 2 (team web, while office is open): yes, to mail after 5m\n"
        "  route 3 (check shop.cart): no, route 2 comes first\n"
    )


def test_checks_that_fare_otherwise_are_told_of_apart(tocsin: Run) -> None:
    lines = tocsin("explain", "routes", "shop", "--at", AT_NIGHT).out.splitlines()
    assert [line for line in lines if line.startswith("shop.")] == [
        "shop.home down: critical (critical service is down)",
        "shop.cart down: critical (critical service is down)",
        "shop.home degraded: high (critical service is degraded)",
        "shop.cart degraded: high (critical service is degraded)",
    ]
    assert lines[-9:-5] == [
        "  route 1 (severity critical): no, severity is high",
        "  route 2 (team web, while office is open): no, office is closed",
        "  route 3 (check shop.cart): no, it is for another check",
        "  it stays in the built-in desk",
    ]


def test_json_has_every_route_and_what_comes_of_them_together(tocsin: Run) -> None:
    told = json.loads(tocsin("explain", "routes", "shop.cart", "--at", AT_WORK, "--json").out)
    assert (told["service"], told["at"]) == ("shop", "2026-11-23T09:00:00Z")
    down, degraded = told["tickets"]
    assert (down["level"], down["severity"], down["checks"]) == ("down", "critical", ["shop.cart"])
    assert degraded["leads_to"] == [
        {
            "helpdesk": "mail",
            "delay": 300.0,
            "repeat": None,
            "why": "route 2 (team web, while office is open)",
        }
    ]
    assert [each["helpdesk"] for each in down["leads_to"]] == ["phone", "mail"]
    assert down["routes"][0] == {
        "route": 1,
        "for": "severity critical",
        "taken": True,
        "why_not": None,
        "send_to": ["phone"],
        "fallback": ["mail"],
        "fallback_after": 900.0,
    }
    assert [each["why_not"] for each in down["routes"]] == [None, None, "route 2 comes first"]


def test_without_routes_or_checks_a_ticket_stays_in_the_built_in_desk(tocsin: Run, place: Path) -> None:
    (place / "tocsin.yaml").write_text(FILE)
    assert tocsin("explain", "routes", "wiki").out.splitlines()[2:4] == [
        "wiki down: low (low service is down)",
        "  it stays in the built-in desk",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shpo"], 'tocsin: no service is called "shpo" (did you mean shop?)\n'),
        (["shop.hom"], 'tocsin: no check is called "shop.hom" (did you mean shop.home?)\n'),
        (["shop", "--at", "noon"], "tocsin: 'noon' is not a moment: "),
    ],
)
def test_what_is_unknown_is_wrong_usage(tocsin: Run, words: list[str], said: str) -> None:
    ended = tocsin("explain", "routes", *words)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith(said)
