"""What a ticket says, word for word, and that it fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alerting.desk.text import Grounds, description
from alerting.incidents.change import Change
from alerting.state import Flip
from checks.base import ErrorKind, Judged, Reading, Status
from checks.registry import all_kinds
from config.conditions import Leaf
from config.loader import load
from config.models import Check, Service
from tests.readings import SECOND, reading

START = 1_800_000_000
CONFIG = """
services:
  shop:
    title: Web shop
    criticality: high
    labels: {runbook: "https://wiki.example/shop"}
    checks:
      home: {type: http, url: "https://shop.example/"}
"""
WORDS = """\
Web shop (shop.home, http) is down.
Reason: status not in 200..299 (status = 503)
Kind of error: status
First failing reading: 2027-01-15 08:01:00 UTC, confirmed: 2027-01-15 08:01:05 UTC
Severity: high service is down

Impact:
  Affected: shop (for 5s)

Changed since the last good reading (2027-01-15 08:00:00 UTC):
  status: 200 -> 503

Changes made in the hours before:
  2027-01-15 07:58:20 UTC  deploy 2.3 (shop) by ci: new basket
  2027-01-15 07:56:40 UTC  config by reload: changed defaults

Held back:
  M-3 (maintenance) for db

Conditions:
  down when status not in 200..299
    status not in 200..299: true, seen 503

Phases: connect 20ms (last good 10ms), tls 30ms

Last readings:
  2027-01-15 08:00:00 UTC  ok        status 200
  2027-01-15 08:01:05 UTC  down      status not in 200..299 (status = 503)

Output (masked):
  line one
  line two

Seen besides (masked):
  a note

Begin of the answer (masked):
  <html>

Runbook: https://wiki.example/shop"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, Check]:
    file: Path = tmp_path_factory.mktemp("text") / "tocsin.yaml"
    file.write_text(CONFIG)
    service = load(file, all_kinds()).services["shop"]
    return service, service.checks["home"]


def good() -> Reading:
    return replace(reading("o", START, message="status 200"), phases={"connect": 0.01})


def bad(**more: object) -> Reading:
    found = Reading(
        Status.DOWN,
        Status.DOWN,
        (START + 65) * SECOND,
        0.1,
        "status not in 200..299 (status = 503)",
        ErrorKind.STATUS,
        {"status": 503},
        {"connect": 0.02, "tls": 0.03},
    )
    return replace(found, **more)  # type: ignore[arg-type]  # names of its fields


FLIP = Flip(
    Status.OK,
    Status.DOWN,
    (START + 60) * SECOND,
    (START + 65) * SECOND,
    "status not in 200..299 (status = 503)",
    (),
)


def test_a_ticket_says_what_is_known_in_this_order(shop: tuple[Service, Check]) -> None:
    leaf = Leaf("status not in 200..299", 503, True, (("status", "503"),))
    newest = bad(
        conditions=(Judged(Status.DOWN, leaf.text, True, None, (leaf,)),),
        notes=("a note",),
        excerpt="<html>",
        text="line one",
        long_text="line two",
    )
    changes = [
        Change(2, (START - 100) * SECOND, "deploy", ("shop",), "2.3", "new basket", "ci"),
        Change(1, (START - 200) * SECOND, "config", (), None, "changed defaults", "reload"),
    ]
    grounds = Grounds(
        good(),
        ["status: 200 -> 503"],
        changes,
        ["Affected: shop (for 5s)"],
        ["M-3 (maintenance) for db"],
        "high service is down",
    )
    assert description(*shop, FLIP, [good(), newest], grounds) == WORDS


def test_without_grounds_nothing_is_claimed_of_them(shop: tuple[Service, Check]) -> None:
    said = description(*shop, FLIP, [bad()])
    for heading in ("Impact", "Changed since", "Changes made", "Held back", "last good", "Severity"):
        assert heading not in said


def test_where_nothing_that_was_seen_changed_it_says_so(shop: tuple[Service, Check]) -> None:
    said = description(*shop, FLIP, [bad()], Grounds(last_good=good()))
    assert "(2027-01-15 08:00:00 UTC):\n  nothing that was seen\n" in said


def test_however_much_is_known_a_ticket_fits_and_ends_with_the_runbook(shop: tuple[Service, Check]) -> None:
    newest = bad(
        notes=tuple("n" * 500 for _ in range(400)), long_text="\n".join("o" * 900 for _ in range(400))
    )
    said = description(*shop, FLIP, [newest])
    assert len(said) < 17_000
    assert said.endswith("more lines\n\nRunbook: https://wiki.example/shop")
    assert "and 380 more lines" in said
