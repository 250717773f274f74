"""`tocsin silence`, `pause`, `resume` and `recheck` without a daemon: what they take, refuse, warn of and show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from tests.agent.cli.conftest import Ended

Tocsin: TypeAlias = Callable[..., Ended]
CPU = {"type": "cpu"}
REASON = ("--reason", "known")


@pytest.fixture(autouse=True)
def _configured(tmp_path: Path, tocsin: Tocsin) -> None:
    (tmp_path / "tocsin.yaml").write_text(
        yaml.safe_dump(
            {
                "agent": {
                    "id": "test",
                    "listen": "127.0.0.1:0",
                    "state_dir": str(tmp_path / "state"),
                    "timezone": "Europe/Amsterdam",
                },
                "teams": {"web": {"members": []}},
                "services": {
                    "shop": {
                        "labels": {"site": "jhb"},
                        "checks": {"home": CPU, "old": {**CPU, "disabled": "gone"}},
                    },
                    "mail": {"team": "web", "checks": {"smtp": CPU}},
                },
            }
        ),
        encoding="utf-8",
    )


def add(tocsin: Tocsin, *words: str) -> Any:
    """The document of a silence that is taken."""
    ended = tocsin("silence", "add", *words, "--json")
    assert ended.code == 0, ended.err
    return ended.document


def test_a_silence_is_told_and_listed_with_its_history(tocsin: Tocsin) -> None:
    told = add(tocsin, "--match", "service=shop,mail", "--match", "severity=high, low", "--match", "site=jhb",
               "--for", "2h", "--by", "ann", *REASON)  # fmt: skip
    assert (told["id"], told["state"], told["by"], told["reason"]) == ("S-1", "running", "ann", "known")
    assert told["match"] == {
        "service": ["shop", "mail"],
        "check": [],
        "team": [],
        "severity": ["high", "low"],
        "criticality": [],
        "environment": [],
        "labels": {"site": "jhb"},
    }
    assert tocsin("silence", "end", "s-1", "--by", "bert").code == 0
    assert tocsin("silence", "list", "--json").document == []
    assert "no silences" in tocsin("silence", "list").out
    (listed,) = tocsin("silence", "list", "--all", "--json").document
    assert [(each["by"], each["until"]) for each in listed["history"]] == [
        ("ann", told["until"]),
        ("bert", listed["until"]),
    ]
    shown = tocsin("silence", "list", "--all").out
    assert "service=shop,mail severity=high,low" in shown
    assert tocsin("silence", "end", "S-1").code == 1


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2027-03-28 02:30", "2027-03-28T01:30:00Z"),  # left out by the clocks: as much later as they jump
        ("2027-10-31 02:30", "2027-10-31T00:30:00Z"),  # shown twice: the first time
        ("2027-01-10", "2027-01-09T23:00:00Z"),
        ("2027-01-10T12:00:00+02:00", "2027-01-10T10:00:00Z"),
    ],
)
def test_times_are_those_of_the_agents_zone(tocsin: Tocsin, written: str, utc: str) -> None:
    assert add(tocsin, "--match", "service=shop", "--until", written, *REASON)["until"] == utc


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--match", "service=shpo", "--for", "1h"), 'no service is called "shpo" (did you mean shop?)'),
        (
            ("--match", "check=shop.hom", "--for", "1h"),
            'no check is called "shop.hom" (did you mean shop.home?)',
        ),
        (("--match", "team=wbe", "--for", "1h"), 'no team is called "wbe" (did you mean web?)'),
        (("--match", "severity=hihg", "--for", "1h"), 'no severity is called "hihg" (did you mean high?)'),
        (("--match", "environment=prod", "--for", "1h"), 'no environment is called "prod"'),
        (("--match", "shop", "--for", "1h"), 'expected something like service=shop, got "shop"'),
        (("--match", "service=", "--for", "1h"), "expected something like service=shop"),
        (("--match", "site=jhb", "--match", "site=cpt", "--for", "1h"), "cannot have two values at once"),
        (("--match", "service=mail", "--match", "check=shop.home", "--for", "1h"), "none of these checks"),
        (("--match", "service=shop"), "say when it ends: either --until or --for"),
        (("--match", "service=shop", "--for", "1h", "--until", "2099-01-01"), "either --until or --for"),
        (("--match", "service=shop", "--for", "0s"), "it must last"),
        (("--match", "service=shop", "--for", "soon"), "--for expected a duration"),
        (("--match", "service=shop", "--for", "400d"), "at most a year"),
        (("--match", "service=shop", "--until", "2020-01-01"), "that is over already"),
        (("--match", "service=shop", "--until", "someday"), "is not a moment"),
        (
            ("--match", "service=shop", "--from", "2098-01-02", "--until", "2098-01-01"),
            "must end after it begins",
        ),
    ],
)
def test_what_means_nothing_is_refused_with_a_remedy(
    tocsin: Tocsin, words: tuple[str, ...], reason: str
) -> None:
    ended = tocsin("silence", "add", *words, *REASON)
    assert (ended.code, ended.out) == (64, "")
    assert reason in ended.err


def test_a_silence_without_a_match_or_a_reason_is_wrong_usage(tocsin: Tocsin) -> None:
    assert tocsin("silence", "add", "--for", "1h", *REASON).code == 64
    assert tocsin("silence", "add", "--match", "service=shop", "--for", "1h").code == 64
    assert tocsin("silence", "add", "--match", "service=shop", "--for", "1h", "--reason", " ").code == 64


def test_a_silence_that_fits_nothing_today_is_taken_and_warned_of(tocsin: Tocsin) -> None:
    ended = tocsin("silence", "add", "--match", "servce=shop", "--for", "1h", *REASON, "--json")
    assert (ended.code, ended.document["id"]) == (0, "S-1")
    assert 'S-1 fits no check today: nothing has a label "servce" (did you mean service?)' in ended.err
    ended = tocsin("silence", "add", "--match", "service=mail", "--match", "site=jhb", "--for", "1h", *REASON)
    assert "S-2 fits no check today\n" in ended.err
    assert tocsin("silence", "add", "--match", "site=jhb", "--for", "1h", *REASON).err == ""


def test_services_and_checks_together_mean_the_checks_of_these_services(tocsin: Tocsin) -> None:
    told = add(
        tocsin, "--match", "service=shop", "--match", "check=shop.home,mail.smtp", "--for", "1h", *REASON
    )
    assert (told["match"]["service"], told["match"]["check"]) == ([], ["shop.home"])


def test_what_is_hostile_in_a_text_is_made_visible(tocsin: Tocsin) -> None:
    told = add(tocsin, "--match", "service=shop", "--for", "1h", "--reason", "a\x1b[31mb", "--by", "x\ny")
    assert "\x1b" not in told["reason"]
    assert "\n" not in told["by"]


def test_a_pause_is_for_what_runs_and_is_shown_with_reason_and_end(tocsin: Tocsin) -> None:
    ended = tocsin("pause", "shop.home", "--for", "1h", *REASON, "--json")
    assert (ended.code, ended.document["id"], ended.document["match"]["check"]) == (0, "P-1", ["shop.home"])
    services = {each["service"]: each for each in tocsin("status", "--json").document["services"]}
    (home,), (smtp,) = services["shop"]["checks"], services["mail"]["checks"]
    assert home["suppressed"] == {
        "id": "P-1", "why": "pause", "until": ended.document["until"], "reason": "known", "by": ended.document["by"],
    }  # fmt: skip
    assert smtp["suppressed"] is None
    shown = tocsin("status").out
    assert "paused until" in shown
    assert "(P-1: known)" in shown
    (over,) = tocsin("resume", "shop", "--json").document
    assert (over["id"], over["state"]) == ("P-1", "over")
    assert tocsin("resume", "shop").err == "tocsin: shop is not paused\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("shop.hme", "did you mean shop.home?"),
        ("shop.old", "shop.old is disabled"),
        ("", "no service or check"),
    ],
)
def test_what_is_not_looked_at_cannot_be_paused(tocsin: Tocsin, name: str, reason: str) -> None:
    ended = tocsin("pause", name, "--for", "1h", *REASON)
    assert ended.code == 64
    assert reason in ended.err


def test_silences_and_planned_work_are_shown_where_they_would_hold_back(tocsin: Tocsin) -> None:
    add(tocsin, "--match", "team=web", "--match", "severity=medium", "--for", "1h", *REASON)
    assert tocsin("maintenance", "add", "--service", "shop", "--for", "2h", "--reason", "disks").code == 0
    services = {each["service"]: each for each in tocsin("status", "--json").document["services"]}
    assert services["mail"]["checks"][0]["suppressed"]["id"] == "S-1"
    assert services["shop"]["checks"][0]["suppressed"]["why"] == "maintenance"


def test_nobody_checks_now_without_a_daemon(tocsin: Tocsin) -> None:
    ended = tocsin("recheck", "shop")
    assert (ended.code, ended.out) == (3, "")
    assert "no daemon runs in" in ended.err
    assert tocsin("recheck", "shpo").code == 64
