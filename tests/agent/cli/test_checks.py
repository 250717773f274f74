"""`tocsin checks` says of each kind what its models say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checks.base import Kind
from checks.registry import KINDS
from config.models import CheckOptions
from config.option_table import options_of

Run = Callable[..., Any]
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def test_every_kind_is_listed_with_what_it_does(tocsin: Run) -> None:
    ended = tocsin("checks")
    assert ended.code == 0
    listed = [line.split(maxsplit=1) for line in ended.out.splitlines() if line.startswith("  ")]
    counting, others = ([], [])  # type: tuple[list[str], list[str]]
    for kind in sorted(KINDS.values(), key=lambda kind: kind.name):
        (counting if kind.counts_for_uptime else others).append(kind.name)
    assert [name for name, _ in listed] == counting + others
    for name, said in listed:
        assert KINDS[name].summary.startswith(said.removesuffix(" …"))


@pytest.mark.parametrize("words", [("checks",), *(("checks", "show", name) for name in KINDS)], ids=" ".join)
def test_what_is_piped_is_a_page_wide_and_has_no_colours(words: tuple[str, ...], tocsin: Run) -> None:
    lines = tocsin(*words).out.splitlines()
    assert [line for line in lines if len(line) > 80 or "\x1b" in line or line != line.rstrip()] == []


@each_kind
def test_all_of_a_kind_is_shown(kind: Kind, tocsin: Run) -> None:
    ended = tocsin("checks", "show", kind.name)
    assert ended.code == 0
    assert ended.err == ""
    lines = ended.out.splitlines()
    first_words = {line.split()[0] for line in lines if line.strip()}
    assert {option.name for option in options_of(kind.spec)} <= first_words
    assert kind.value_names <= first_words
    said = " ".join(ended.out.split())
    assert f"down: {kind.down or 'none: it is down when the look itself fails'}" in said
    assert f"degraded: {kind.degraded or 'none'}" in said
    for line in kind.example.splitlines():
        assert f"  {line}" in lines


def test_an_option_is_shown_with_type_default_example_and_meaning(tocsin: Run) -> None:
    said = tocsin("checks", "show", "http").out
    assert (
        "  max_body            size; default 10MiB; such as 1MiB\n"
        "                      larger answers are down; counted as unpacked; at most 1GiB\n"
    ) in said
    assert "  url                 text; required; such as https://example.org/health\n" in said


@each_kind
def test_json_of_a_kind_has_options_values_units_and_conditions(kind: Kind, tocsin: Run) -> None:
    document = tocsin("checks", "show", kind.name, "--json").document
    assert (document["name"], document["counts_for_uptime"]) == (kind.name, kind.counts_for_uptime)
    assert document["conditions"] == {"down": kind.down, "degraded": kind.degraded}
    assert [value["name"] for value in document["values"]] == [value.name for value in kind.values]
    assert [option["name"] for option in document["options"]] == [each.name for each in options_of(kind.spec)]
    assert {option["name"] for option in document["common_options"]} >= set(CheckOptions.model_fields)
    assert "`" not in str(document)


def test_json_tells_type_default_and_unit_of_one(tocsin: Run) -> None:
    document = tocsin("checks", "show", "http", "--json").document
    options = {option["name"]: option for option in document["options"]}
    assert options["max_body"] == {
        "name": "max_body",
        "type": "size",
        "required": False,
        "default": "10MiB",
        "description": "larger answers are down; counted as unpacked; at most 1GiB",
        "example": "1MiB",
    }
    assert (options["url"]["required"], options["url"]["default"]) == (True, None)
    values = {value["name"]: value for value in document["values"]}
    assert (values["latency"]["unit"], values["latency"]["text"]) == ("seconds", False)
    assert values["latency"]["metric"] == "tocsin_http_latency_seconds"
    assert (values["ip"]["unit"], values["ip"]["text"], values["ip"]["metric"]) == (None, True, None)
    every = next(option for option in document["common_options"] if option["name"] == "every")
    assert every["default"] == "1m"


def test_json_of_the_list_has_every_kind(tocsin: Run) -> None:
    assert [kind["name"] for kind in tocsin("checks", "--json").document] == sorted(KINDS)


def test_json_may_be_asked_for_before_the_kind(tocsin: Run) -> None:
    assert tocsin("checks", "--json", "show", "cpu") == tocsin("checks", "show", "cpu", "--json")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("htpp", 'tocsin: no kind of check is called "htpp" (did you mean "http"?)\n'),
        ("nothing", 'tocsin: no kind of check is called "nothing" (known: '),
        ("", 'tocsin: no kind of check is called ""'),
        ("a\nb\x1b[31m", "tocsin: no kind of check is called"),
        ("x" * 100_000, "tocsin: no kind of check is called"),
    ],
    ids=["near", "far", "empty", "hostile", "long"],
)
def test_a_kind_that_does_not_exist_is_wrong_usage(name: str, said: str, tocsin: Run) -> None:
    ended = tocsin("checks", "show", name)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith(said)
    assert len(ended.err.splitlines()) == 1
    assert len(ended.err) < 400
    assert "\x1b" not in ended.err
