"""Which category a ticket is of, and which team takes it: by the operator's rules, the first that fits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from config.categories import GENERAL, TECHNICAL, CategoryOptions, TeamRule, words_of
from config.crews import Crew


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a ticket. `text` is what a person wrote, empty for one of an incident."""

    service: str = ""
    cause: str = ""
    error_kind: str = ""
    text: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def category_of(categories: Mapping[str, CategoryOptions], facts: Facts) -> tuple[str, str]:
    """The first category that has something of it, and what that was; without any `general`, or `technical` where
    nobody wrote a text, for no reason.
    """
    text = f" {' '.join(words_of(facts.text))} "
    for name, category in categories.items():
        why = _why(category, facts, text)
        if why:
            return name, why
    return (GENERAL if facts.text else TECHNICAL), ""


def team_of(
    rules: Iterable[TeamRule], crews: Mapping[str, Crew], category: str, facts: Facts
) -> tuple[str, str]:
    """The team and the reason: the first rule that fits, else the first team whose people have the skill, else the
    first that has anybody; empty where there is none.
    """
    for number, rule in enumerate(rules, start=1):
        if rule.team in crews and fits(rule, category, facts):
            return rule.team, f"rule {number} of desk.teams"
    for name, crew in crews.items():
        if category in crew.skills or any(category in person.skills for person in crew.people):
            return name, f"has the skill {category}"
    manned = (name for name, crew in crews.items() if crew.people or crew.lead)
    name = next(manned, "")
    return name, "the first team: no rule and no skill fits" if name else ""


def fits(rule: TeamRule, category: str, facts: Facts) -> bool:
    """Whether all that the rule says is so."""
    match = rule.match
    asked = ((match.category, category), (match.cause, facts.cause), (match.service, facts.service))
    return all(not names or said in names for names, said in asked) and _carries(match.labels, facts)


def _why(category: CategoryOptions, facts: Facts, text: str) -> str:
    if facts.service and facts.service in category.service:
        return f"service {facts.service}"
    if facts.cause and facts.cause in category.cause:
        return f"cause {facts.cause}"
    if facts.error_kind and facts.error_kind in category.error_kind:
        return f"failed with {facts.error_kind}"
    if category.labels and _carries(category.labels, facts):
        return "labels " + ", ".join(f"{name}={value}" for name, value in category.labels.items())
    found = (word for word in category.keywords if f" {' '.join(words_of(word))} " in text)
    word = next(found, "") if facts.text else ""
    return f'the word "{word}"' if word else ""


def _carries(labels: Mapping[str, str], facts: Facts) -> bool:
    return all(facts.labels.get(name) == value for name, value in labels.items())
