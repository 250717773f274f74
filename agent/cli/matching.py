"""What a silence is for: the words of `--match`, held against the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from agent.cli.asking import USAGE
from agent.cli.setting import fail, no_such

if TYPE_CHECKING:
    from config.models import Config

HELP = (
    "Whom it is for: service=, check=, team=, severity=, criticality=, environment= (with commas: any of these), or a"
    " label. May be given again; all of them must fit."
)
_LABEL = "labels"


def read_match(config: Config | None, given: Sequence[str]) -> dict[str, Any]:
    """`names`, and the rest as `match`, as the daemon takes them. Ends the command (64) on what means nothing.

    Without a configuration, that of a daemon elsewhere, the values are for that one to judge.
    """
    known = _known(config)
    said: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for text in given:
        name, is_pair, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not is_pair or not name or not value:
            fail(f'--match: expected something like service=shop, got "{_shown(text)}"', USAGE)
        if name in known:
            said.setdefault(name, []).extend(_one_of(name, value, known[name]))
        elif labels.setdefault(name, value) != value:
            fail(f"--match: the label {_shown(name)} cannot have two values at once", USAGE)
    names = _both(said.pop("service", []), said.pop("check", []))
    match = {name: list(dict.fromkeys(values)) for name, values in said.items()}
    return {"names": names, "match": {**match, **({_LABEL: labels} if labels else {})}}


def _known(config: Config | None) -> Mapping[str, Callable[[], list[str] | None]]:
    """What each word may be, found when it is asked for; None: that is not known here."""
    from config.field_types import Criticality, Environment, Severity

    return {
        "service": lambda: None if config is None else list(config.services),
        "check": lambda: None if config is None else list(_checks(config)),
        "team": lambda: None if config is None else list(config.teams),
        "severity": lambda: list(get_args(Severity)),
        "criticality": lambda: list(get_args(Criticality)),
        "environment": lambda: list(get_args(Environment)),
    }


def _checks(config: Config) -> Iterator[str]:
    for service in config.services.values():
        yield from (f"{service.name}.{check}" for check in (*service.checks, *service.disabled))


def _one_of(name: str, value: str, known: Callable[[], list[str] | None]) -> list[str]:
    possible = known()
    values = [each.strip() for each in value.split(",")]
    for each in values:
        if possible is not None and each not in possible:
            fail(f"--match: {no_such(name, each, possible)}", USAGE)
    return values


def _both(services: list[str], checks: list[str]) -> list[str]:
    """Checks of these services; all must fit, as with every other word."""
    if not services or not checks:
        return list(dict.fromkeys(services or checks))
    both = [check for check in checks if check.partition(".")[0] in services]
    if not both:
        fail("--match: none of these checks is of these services", USAGE)
    return list(dict.fromkeys(both))


def fitting(config: Config, asked: Mapping[str, Any]) -> int:
    """How many checks of the configuration the match is for, however bad they may be."""
    from alerting.incidents.suppression import Subject, matches, restore

    match = restore({**asked["match"], "names": asked["names"], "severity": []})
    checks = [
        Subject(service, check.name, check, "")
        for service in config.services.values()
        for check in service.checks.values()
    ]
    return sum(matches(match, each) for each in checks)


def hint(config: Config, asked: Mapping[str, Any]) -> str:
    """What was perhaps meant by labels that nothing has; empty when there is nothing to say."""
    import difflib

    used = {name for each in config.services.values() for name in each.labels}
    used |= {name for check in config.checks() for name in check.labels}
    for name in asked["match"].get(_LABEL, {}):
        if name not in used:
            near = difflib.get_close_matches(name, [*_known(config), *used], n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            return f': nothing has a label "{_shown(name)}"{meant}'
    return ""


def _shown(text: str) -> str:
    from checks.text import visible

    return visible(text, 100)
