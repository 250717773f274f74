"""What is legal and unwise is warned of, and what only looks like it is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config.loader import Loaded

Look = Callable[[str], Loaded]
HTTP = "type: http, url: 'https://shop.example/'"


def _said(found: Loaded) -> list[str]:
    assert found.errors == []
    return [problem.message for problem in found.warnings]


def _service(options: str, *checks: str) -> str:
    listed = ", ".join(f"c{number}: {{{check}}}" for number, check in enumerate(checks))
    return f"services: {{s: {{{options}checks: {{{listed}}}}}}}\n"


@pytest.mark.parametrize("down_when", ["any", "1 of 2"])
def test_target_is_held_against_the_outages_that_can_be_seen(look: Look, down_when: str) -> None:
    slow, quick = f"{HTTP}, every: 1h", f"{HTTP}, method: HEAD, every: 30m"
    found = look(_service(f"target: 99.95%, down_when: {down_when}, ", slow, quick))
    several = down_when != "any"  # together they may fail for a shorter time than either
    assert _said(found) == (
        []
        if several
        else [
            "99.95% allows 21m36s in 30 days, but no outage shorter than 30m can be seen: any one breaks it",
        ]
    )


def test_target_that_nobody_wrote_is_not_held_against_anything(look: Look) -> None:
    assert _said(look(_service("", f"{HTTP}, every: 1d"))) == []


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (HTTP, True),
        ("type: http, url: https://shop.example/, method: GET, every: 5m, labels: {a: b}", True),
        (f"{HTTP}, method: HEAD", False),
        (f"{HTTP}, down: latency > 1s", False),
        ("type: http, url: 'https://shop.example/b'", False),
    ],
)
def test_the_same_check_twice_is_noticed_however_it_is_written(look: Look, other: str, same: bool) -> None:
    assert _said(look(_service("", HTTP, other))) == (['is the same check as "c0"'] if same else [])


@pytest.mark.parametrize(("second", "same"), [("ONE", True), ("TWO", False)])
def test_checks_that_differ_in_a_secret_alone_are_not_the_same(
    look: Look, monkeypatch: pytest.MonkeyPatch, second: str, same: bool
) -> None:
    monkeypatch.setenv("ONE", "token-of-one")
    monkeypatch.setenv("TWO", "token-of-two")
    checks = [f"{HTTP}, auth: {{bearer: '${{env:{name}}}'}}" for name in ("ONE", second)]
    assert _said(look(_service("", *checks))) == (['is the same check as "c0"'] if same else [])


def test_two_services_may_rely_on_the_same(look: Look) -> None:
    checks = f"{{checks: {{home: {{{HTTP}}}}}}}"
    assert _said(look(f"services: {{a: {checks}, b: {checks}}}\n")) == []


@pytest.mark.parametrize(("hold", "adds"), [("30s", False), ("31s", True)])
def test_holding_time_counts_from_the_looks_that_confirm_anyway(look: Look, hold: str, adds: bool) -> None:
    # Looks at 0 s, 20 s, and 30 s: a regular one comes before the next quick one.
    check = f"{HTTP}, every: 30s, retry_every: 20s, confirm: 3, degraded: latency > 1s for {hold}"
    expected = [] if adds else [f"for {hold} adds nothing: confirm (3) takes 30s anyway"]
    assert _said(look(_service("", check))) == expected


def test_what_holds_a_mistake_is_not_judged_by_the_default_in_its_place(look: Look) -> None:
    disks = "a: {type: disk, path: data}, b: {type: disk}"
    found = look(f"services: {{s: {{target: 99%, checks: {{{disks}}}}}}}\n")
    assert [problem.path for problem in found.errors] == ["services.s.checks.a.path"]
    assert found.warnings == []
