"""What other monitors refuse and accept of their files, said in our words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.registry import all_kinds
from config.loader import Loaded

Look = Callable[[str], Loaded]


def _check(options: str) -> str:
    return f"services:\n  s:\n    checks:\n      c: {{{options}}}\n"


HTTP = "type: http, url: 'https://example.org/'"
# The case -> a file that says the same, and a part of the one message that it must get.
REFUSED = {
    "config-two-tokens": (
        _check(f"{HTTP}, auth: {{bearer: one}}, headers: {{Authorization: Bearer two}}"),
        "give it once",
    ),
    "config-regex-body-match": (_check(f"""{HTTP}, down: 'body matches ":["'"""), "not a RE2 pattern"),
    "config-regex-header": (_check(f"""{HTTP}, down: 'header "Via" matches ":["'"""), "not a RE2 pattern"),
    "config-enc-mismatch-case": (
        _check(f"{HTTP}, headers: {{accEpt-enCoding: deflate}}, compression: gzip"),
        "does not take compression: gzip",
    ),
    "config-h3-mix": (_check(f"{HTTP}, http_version: ['3', '2']"), "expected auto, 1.0, 1.1, 2, 3 or h2c"),
    "config-regex-tcp": (_check("type: tcp, host: localhost, port: 25, expect: ':['"), "not a RE2 pattern"),
    "config-ttl-negative": (_check("type: ping, host: localhost, ttl: -1"), "must be at least 1"),
    "config-ssh-no-user-key": (
        _check("type: ssh, host: localhost, auth: {key: /etc/tocsin/probe.key}"),
        "is missing",
    ),
    "config-no-name": (f"services: {{'': {{checks: {{c: {{{HTTP}}}}}}}}}\n", '"" is no id'),
    # Saying nothing is legal: each kind has conditions of its own. Saying that there are none is not.
    "config-no-conditions": (_check(f"{HTTP}, down: []"), "expected a text, got a list"),
    "config-bad-condition": (
        _check(f"{HTTP}, down: status invalid 200"),
        "expected an operator after status",
    ),
    "config-type-11": (
        _check("type: http, url: 'invalid://example.org'"),
        "only http and https are looked at",
    ),
    "config-dns-no-name": (_check("type: dns, server: 127.0.0.1"), "is missing"),
    "config-dns-type": (_check("type: dns, name: example.org, record: X"), 'no record type "X"'),
}
ACCEPTED = {
    "config-type-1": (_check("type: tcp, host: 127.0.0.1, port: 6379"), "tcp"),
    "config-ssh-key": (
        _check("type: ssh, host: localhost, auth: {user: probe, key: /etc/tocsin/probe.key}"),
        "ssh",
    ),
    "config-type-5": (_check("type: tls, host: smtp.gmail.com, port: 587, starttls: smtp"), "tls"),
    "config-type-7": (_check("type: http, url: 'https://twin.sh/health'"), "http"),
}
# The case -> the kinds, or the options as kind.option, any of which makes it ours to judge.
WAITING = {
    "config-domain-5m": {"domain"},
    "config-type-3": {"sctp"},
    "config-type-9": {"websocket"},
}
EXCLUDED = {
    "config-defaults": "two failing looks confirm here, the second after 5 s, and not three; the rest is the same",
}


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "real" / "cases_config.json").read_text())
    return found


def test_every_case_is_judged_waits_for_its_kind_or_is_excluded_with_a_reason(
    cases: list[dict[str, Any]],
) -> None:
    judged = {*REFUSED, *ACCEPTED}
    assert {case["id"] for case in cases} == judged | WAITING.keys() | EXCLUDED.keys()
    assert not judged & (WAITING.keys() | EXCLUDED.keys())
    needed = [case for case in cases if "optional" not in case]
    assert len(EXCLUDED) <= 0.05 * len(needed)
    assert {case["id"] for case in cases if not case["expect"]["valid"]} >= REFUSED.keys()
    assert {case["id"] for case in cases if case["expect"]["valid"]} >= ACCEPTED.keys()


@pytest.mark.parametrize("case", REFUSED)
def test_what_peers_refuse_is_refused_for_the_same_reason(look: Look, case: str) -> None:
    text, message = REFUSED[case]
    (problem,) = look(text).errors
    assert message in problem.message
    assert problem.line


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_peers_accept_is_accepted_as_the_same_kind(look: Look, case: str) -> None:
    text, kind = ACCEPTED[case]
    found = look(text)
    assert found.errors == []
    assert found.config is not None
    assert found.config.services["s"].checks["c"].kind == kind


def test_no_case_waits_for_a_kind_that_is_here() -> None:
    kinds = all_kinds()
    here = {
        *kinds,
        *(f"{kind.name}.{option}" for kind in kinds.values() for option in kind.spec.model_fields),
    }
    assert {case: wanted & here for case, wanted in WAITING.items() if wanted & here} == {}


def test_an_address_and_a_condition_alone_get_the_defaults_that_are_common(look: Look) -> None:
    found = look(_check(f"{HTTP}, down: status != 200"))
    assert found.config is not None
    check = found.config.services["s"].checks["c"]
    assert (check.spec.method, check.every, check.timeout, check.recover) == ("GET", 60, 10, 2)
    assert check.confirm == 2
    assert found.config.agent.timezone == "UTC"
