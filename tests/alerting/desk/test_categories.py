"""Categories and teams: by whole words and by rules, the first that fits."""

from __future__ import annotations

from typing import get_args

import pytest

from alerting.desk.categories import Facts, category_of, team_of
from alerting.desk.fields import CAUSES
from checks.base import ErrorKind
from config.categories import (
    SHIPPED,
    CategoryOptions,
    Cause,
    FailureKind,
    TeamMatch,
    TeamRule,
    categories_of,
)
from config.crews import Crew, Person

OWN = categories_of(
    {
        "security": CategoryOptions(
            keywords=("phishing", "data leak"),
            cause=("security",),
            error_kind=("auth",),
            labels={"data": "personal"},
        ),
        "payments": CategoryOptions(service=("gateway",), keywords=("Visa",)),
    }
)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I was charged twice", "billing"),
        ("INVOICE missing", "billing"),
        ("Cannot log in since Monday", "account"),
        ("Forgot my password", "account"),
        ("Please add a dark mode", "feature"),
        ("The page shows error 500", "technical"),
        ("Site doesn\u2019t work", "technical"),
        ("What are your opening hours?", "general"),
        ("A discharge of batteries", "general"),  # `charge` is no word of it
        ("I saw a log in the forest", "account"),
        ("The login\nof billing", "billing"),  # billing stands first
    ],
)
def test_shipped_categories_know_whole_words(text: str, category: str) -> None:
    assert category_of(SHIPPED, Facts(text=text))[0] == category


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(text="A PHISHING mail about my invoice"), ("security", 'the word "phishing"')),
        (Facts(text="a data-leak"), ("security", 'the word "data leak"')),
        (Facts(text="a data and leak"), ("general", "")),
        (Facts(text="visa card"), ("payments", 'the word "Visa"')),
        (Facts(service="gateway"), ("payments", "service gateway")),
        (Facts(service="gateway", error_kind="auth"), ("security", "failed with auth")),
        (Facts(cause="security"), ("security", "cause security")),
        (Facts(labels={"data": "personal", "x": "y"}), ("security", "labels data=personal")),
        (Facts(labels={"data": "public"}), ("technical", "")),
        (Facts(service="web", error_kind="tls"), ("technical", "")),
    ],
)
def test_the_first_category_that_has_something_of_it_wins_and_says_what(
    facts: Facts, expected: tuple[str, str]
) -> None:
    assert category_of(OWN, facts) == expected


def test_a_shipped_category_can_be_written_anew() -> None:
    own = categories_of({"billing": CategoryOptions(keywords=("royalties",))})
    assert category_of(own, Facts(text="my refund"))[0] == "general"
    assert list(own) == ["billing", "feature", "account", "technical", "general"]


def test_teams_come_by_rule_then_by_skill_then_by_order() -> None:
    crews = {
        "empty": Crew("empty"),
        "front": Crew("front", lead="lead@example.org"),
        "money": Crew("money", (Person("Agent One", "money", skills=frozenset({"billing"})),)),
        "web": Crew("web", skills=frozenset({"technical"})),
    }
    rules = (
        TeamRule(match=TeamMatch(category=("billing",), labels={"site": "jhb"}), team="web"),
        TeamRule(match=TeamMatch(cause=("security", "scale")), team="gone"),
        TeamRule(match=TeamMatch(cause=("security",)), team="front"),
    )

    def team(category: str, facts: Facts = Facts()) -> tuple[str, str]:  # noqa: B008 - a frozen value
        return team_of(rules, crews, category, facts)

    assert team("billing", Facts(labels={"site": "jhb"})) == ("web", "rule 1 of desk.teams")
    assert team("billing") == ("money", "has the skill billing")
    assert team("technical") == ("web", "has the skill technical")
    assert team("technical", Facts(cause="security")) == ("front", "rule 3 of desk.teams")
    assert team("feature") == ("front", "the first team: no rule and no skill fits")
    assert team_of((), {}, "feature", Facts()) == ("", "")


def test_what_may_be_written_is_what_there_is() -> None:
    assert get_args(Cause) == CAUSES
    assert get_args(FailureKind) == tuple(kind.value for kind in ErrorKind)
