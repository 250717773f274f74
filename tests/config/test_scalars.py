"""What is written is text until the option that wants it reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config.loader import Loaded
from config.nodes import parse

Look = Callable[[str], Loaded]


@pytest.mark.parametrize(
    "text",
    ["no", "yes", "on", "12:30", "010", "1.10", "1e3", "0x1f", "1_000", "2026-11-21", ".inf", "=", "Norway"],
)
def test_scalar_stays_the_text_that_was_written(text: str) -> None:
    tree = parse(f"{text}: [{text}, '{text}']\n", "f").tree
    assert tree == {text: [text, text]}


def test_only_a_plain_null_is_nothing() -> None:
    tree = parse("[null, ~, , 'null', \"~\", '', Null]".replace(", ,", ", ~,"), "f").tree
    assert tree == [None, None, None, "null", "~", "", None]


def test_labels_and_titles_may_look_like_numbers_and_truth(look: Look) -> None:
    found = look(
        "services: {a: {title: 2026, labels: {rack: 12, spare: no, at: 12:30}, checks: {c: {type: cpu}}}}"
    )
    assert found.config is not None
    service = found.config.services["a"]
    assert service.title == "2026"
    assert service.labels == {"rack": "12", "spare": "no", "at": "12:30"}


@pytest.mark.parametrize(
    ("word", "meant"), [("yes", True), ("on", True), ("True", True), ("no", False), ("off", False)]
)
def test_yes_and_no_are_understood_where_they_are_wanted(look: Look, word: str, meant: bool) -> None:
    found = look(f"services: {{a: {{checks: {{c: {{type: cpu, counts_for_uptime: {word}}}}}}}}}")
    assert found.config is not None
    assert found.config.services["a"].checks["c"].counts_for_uptime is meant


def test_option_without_a_value_is_as_good_as_absent(look: Look) -> None:
    options = "type: http, url: 'http://localhost', timeout: , tls: {ca: }"
    found = look(f"services: {{a: {{title: , team: ~, checks: {{c: {{{options}}}}}}}}}")
    assert found.config is not None
    assert found.config.services["a"].checks["c"].timeout == 10.0


def test_names_may_be_one_or_several(look: Look) -> None:
    found = look(
        """\
        services:
          a: {checks: {c: {type: cpu}}}
          b: {depends_on: a, checks: {c: {type: cpu}}}
          c: {depends_on: [a, b.c], checks: {c: {type: cpu, was: old}}}
        """
    )
    assert found.config is not None
    assert found.config.services["b"].depends_on == (("a",),)
    assert found.config.services["c"].depends_on == (("a",), ("b.c",))
    assert found.config.services["c"].checks["c"].was == ("old",)


def test_defaults_are_those_of_the_contract(look: Look) -> None:
    found = look("services: {a: {checks: {c: {type: cpu}, quick: {type: cpu, every: 3s}}}}")
    assert found.config is not None
    service = found.config.services["a"]
    check = service.checks["c"]
    assert (check.every, check.timeout, check.confirm, check.recover, check.retry_every) == (60, 10, 2, 2, 5)
    assert service.checks["quick"].retry_every == 3
    assert (str(service.target), service.watch_for, service.reopen_within) == ("99/100", 900, 86400)
    assert service.criticality == "medium"
    assert found.config.agent.listen == "127.0.0.1:9809"
    assert found.config.agent.state_dir == "/var/lib/tocsin"


def test_state_directory_does_not_depend_on_where_a_command_is_started(look: Look) -> None:
    found = look("agent: {state_dir: state}\nservices: {a: {checks: {c: {type: cpu}}}}\n")
    assert found.config is not None
    assert found.config.agent.state_dir.startswith("/")
    assert found.config.agent.state_dir.endswith("/state")


def test_anchors_and_merge_keys_work_and_keep_their_places(look: Look) -> None:
    text = """\
        templates:
          fast: &fast {every: 5s, timeout: 2s}
        services:
          a:
            checks:
              one: &one {<<: *fast, type: tcp, host: localhost, port: 1}
              two: {<<: [*one, *fast], port: 2, every: 9s}
              three: *one
        """
    found = look(text)
    assert found.errors == []
    assert found.config is not None
    checks = found.config.services["a"].checks
    assert [(c.every, c.timeout, c.spec.port) for c in checks.values()] == [(5, 2, 1), (9, 2, 2), (5, 2, 1)]
    wrong = look(text.replace("5s", "5"))
    assert [(p.line, p.path.rpartition(".")[2]) for p in wrong.errors] == [(2, "every")]


def test_same_key_twice_is_a_mistake_that_names_both_lines(look: Look) -> None:
    found = look(
        "services:\n  a: {checks: {c: {type: cpu}}}\n  b: {checks: {c: {type: cpu, type: load}}}\n  a: {}\n"
    )
    assert [str(problem) for problem in found.errors] == [
        'tocsin.yaml:3:31: services.b.checks.c.type: the key "type" stands twice, first at line 3',
        'tocsin.yaml:4:3: services.a: the key "a" stands twice, first at line 2',
    ]
