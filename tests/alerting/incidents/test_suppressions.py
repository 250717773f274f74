"""What holds back: whom it is for, when it runs, and which of several is named; laws against a plainer telling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alerting.incidents.problem import Why
from alerting.incidents.suppression import (
    Match,
    Subject,
    Suppression,
    dump,
    holding,
    matches,
    paused,
    restore,
    words,
)
from checks.registry import all_kinds
from config.loader import load
from config.models import Config

HORIZON = 12
CPU = {"type": "cpu"}
WRITTEN = {
    "teams": {"web": {"members": []}, "db": {"members": []}},
    "services": {
        "shop": {
            "criticality": "high",
            "team": "web",
            "labels": {"site": "jhb"},
            "checks": {"home": CPU, "cart": {**CPU, "labels": {"site": "cpt", "tier": "1"}}},
        },
        "mail": {"criticality": "low", "team": "db", "environment": "test", "checks": {"smtp": CPU}},
        "shop-db": {"labels": {"site": "cpt"}, "checks": {"home": CPU}},
    },
}


@cache
def config() -> Config:
    with TemporaryDirectory() as directory:
        path = Path(directory, "tocsin.yaml")
        path.write_text(yaml.safe_dump(WRITTEN), encoding="utf-8")
        return load(path, all_kinds())


def subject(name: str, severity: str = "high") -> Subject:
    """Of `service.rule`; a check stands behind it where the service has one of that name."""
    service, _, rule = name.partition(".")
    found = config().services[service]
    return Subject(found, rule, found.checks.get(rule), severity)


SUBJECTS = ["shop.home", "shop.cart", "shop.budget", "mail.smtp", "mail.blind", "shop-db.home"]
SEVERITIES = ["critical", "high", "medium", "low"]


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


subjects = st.builds(subject, st.sampled_from(SUBJECTS), st.sampled_from(SEVERITIES))
matching = st.builds(
    Match,
    names=some("shop", "mail", "shop-db", "shop.home", "shop.cart", "shop.budget", "mail.smtp"),
    team=some("web", "db"),
    severity=some(*SEVERITIES),
    criticality=some("high", "medium", "low"),
    environment=some("live", "test"),
    labels=st.dictionaries(
        st.sampled_from(["site", "tier"]), st.sampled_from(["jhb", "cpt", "1"]), max_size=2
    ),
)
spans = st.tuples(st.integers(0, HORIZON), st.integers(0, HORIZON)).map(sorted)


@st.composite
def suppressions(draw: st.DrawFn) -> list[Suppression]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        why = draw(st.sampled_from([Why.MAINTENANCE, Why.SILENCE, Why.PAUSE]))
        start, end = draw(spans)
        found.append(Suppression(f"S-{number}", why, start, end, "why", "ann", draw(matching)))
    return found


def facts(of: Subject) -> dict[str, set[str]]:
    """Everything that can be said of a subject, word by word."""
    labels = dict(of.service.labels)
    if of.check is not None:
        labels.update(of.check.labels)
    return {
        "names": {of.service.name, f"{of.service.name}.{of.rule}"},
        "team": {of.service.team or ""},
        "severity": {of.severity},
        "criticality": {of.service.criticality},
        "environment": {of.service.environment},
        "labels": {f"{name}={value}" for name, value in labels.items()},
    }


def is_for(match: Match, of: Subject) -> bool:
    told = facts(of)
    wanted = {name: set(getattr(match, name)) for name in told if name != "labels"}
    any_of = all(told[name] & values for name, values in wanted.items() if values)
    return any_of and {f"{name}={value}" for name, value in match.labels.items()} <= told["labels"]


@given(matching, subjects)
def test_all_words_must_fit_and_of_each_any_value(match: Match, of: Subject) -> None:
    assert matches(match, of) == is_for(match, of)


@given(suppressions(), subjects)
def test_something_is_held_back_exactly_while_one_that_is_for_it_runs(
    found: list[Suppression], of: Subject
) -> None:
    for now in range(-1, HORIZON + 2):
        running = [each for each in found if each.start <= now < each.end and is_for(each.match, of)]
        hold = holding(found, of, now)
        if not running:
            assert hold is None
            continue
        assert hold is not None
        assert hold.until == max(each.end for each in running)
        assert (hold.why, hold.by) in {(each.why, each.id) for each in running if each.end == hold.until}
        assert hold.since == now


@given(suppressions(), subjects, st.integers(0, HORIZON))
def test_the_order_in_which_they_came_decides_nothing(
    found: list[Suppression], of: Subject, now: int
) -> None:
    assert len({holding(each, of, now) for each in permutations(found)}) == 1


@given(suppressions(), st.sampled_from(SUBJECTS), st.integers(0, HORIZON))
def test_a_check_is_paused_by_its_own_name_or_its_services_and_by_pauses_only(
    found: list[Suppression], name: str, now: int
) -> None:
    service, _, check = name.partition(".")
    expected = [
        each
        for each in found
        if each.why is Why.PAUSE and each.start <= now < each.end and {service, name} & set(each.match.names)
    ]
    pause = paused(found, service, check, now)
    assert (pause is None) == (not expected)
    assert pause is None or (pause in expected and pause.end == max(each.end for each in expected))


@given(matching)
def test_a_match_outlives_its_row(match: Match) -> None:
    assert restore(dump(match)) == match


def test_a_silence_goes_by_the_severity_of_what_would_open() -> None:
    low = Suppression("S-1", Why.SILENCE, 0, 10, "known", "ann", Match(severity=("low", "medium")))
    assert holding([low], subject("shop.home", "medium"), 5) is not None
    assert holding([low], subject("shop.home", "high"), 5) is None


def test_the_label_of_a_check_goes_before_that_of_its_service() -> None:
    cpt = Match(labels={"site": "cpt"})
    assert matches(cpt, subject("shop.cart"))
    assert not matches(cpt, subject("shop.home"))
    assert not matches(cpt, subject("shop.budget"))


def test_what_is_said_of_a_check_is_so_of_a_rule_of_another_name_that_it_stands_behind() -> None:
    blind = replace(subject("shop.home"), rule="blind:home")
    assert matches(Match(names=("shop.home",)), blind)
    assert not matches(Match(names=("shop.cart",)), blind)


@pytest.mark.parametrize(
    ("start", "end", "states"),
    [(2, 4, {1: "planned", 2: "running", 3: "running", 4: "over"}), (2, 2, {1: "cancelled", 2: "cancelled"})],
)
def test_it_runs_from_its_start_until_just_before_its_end(
    start: int, end: int, states: Mapping[int, str]
) -> None:
    each = Suppression("S-1", Why.SILENCE, start, end, "known", "ann")
    assert {now: each.state(now) for now in states} == states


def test_a_match_is_told_in_the_words_of_the_command() -> None:
    match = Match(("shop", "mail.smtp"), severity=("high", "low"), labels={"site": "jhb"})
    assert list(words(match)) == ["service=shop", "check=mail.smtp", "severity=high,low", "site=jhb"]
