"""`depends_on` of services and checks: names, groups of alternatives, names of targets, circles."""

# ruff: noqa: E501 - a mistake and its message stand side by side

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.changes import differences
from checks.registry import all_kinds
from config.loader import examine
from config.models import Config
from tests.config.conftest import Examine

CPU = "{type: cpu}"


def _services(look: Examine, text: str) -> Config:
    found = look(f"services:\n{text}")
    assert found.errors == []
    assert found.config is not None
    return found.config


def _mistakes(look: Examine, text: str) -> list[str]:
    return [str(problem) for problem in look(f"services:\n{text}").errors]


def test_names_are_groups_of_one_and_alternatives_are_one_group(look: Examine) -> None:
    config = _services(
        look,
        """\
          a: {checks: {c: {type: cpu}, d: {type: cpu}}}
          b: {checks: {c: {type: cpu}}}
          s: {depends_on: [a.c, {any_of: [a.d, b]}], checks: {c: {type: cpu, depends_on: b}, e: {type: cpu}}}
          t: {depends_on: {any_of: [a, b, a]}, checks: {c: {type: cpu, depends_on: {any_of: a}}}}
        """,
    )
    assert config.services["s"].depends_on == (("a.c",), ("a.d", "b"))
    assert config.services["s"].checks["c"].depends_on == (("b",),)
    assert config.services["s"].checks["e"].depends_on == ()
    assert config.services["t"].depends_on == (("a", "b"),)
    assert config.services["t"].checks["c"].depends_on == (("a",),)


def test_all_that_targets_made_is_needed_by_their_plain_name_and_any_of_it_in_any_of(look: Examine) -> None:
    config = _services(
        look,
        """\
          web: {targets: [a, b], checks: {home: {type: tcp, host: "${target}", port: 1}}}
          net: {checks: {ping: {type: tcp, host: "${target}", port: 1, targets: [x, y]}}}
          all: {depends_on: web, checks: {c: {type: cpu, depends_on: [net.ping, web.home]}}}
          any: {depends_on: {any_of: web}, checks: {c: {type: cpu, depends_on: [{any_of: [net.ping, web.home]}]}}}
        """,
    )
    everyone, anyone = config.services["all"], config.services["any"]
    assert everyone.depends_on == (("web-a",), ("web-b",))
    made = ("net.ping-x", "net.ping-y", "web-a.home", "web-b.home")
    assert everyone.checks["c"].depends_on == tuple((name,) for name in made)
    assert anyone.depends_on == (("web-a", "web-b"),)
    assert anyone.checks["c"].depends_on == (made,)


def test_targets_that_are_none_just_now_are_no_dependency(look: Examine) -> None:
    config = _services(
        look,
        """\
          web: {targets: [], checks: {home: {type: tcp, host: "${target}", port: 1}}}
          b: {checks: {c: {type: cpu}}}
          s: {depends_on: [web, {any_of: web}, {any_of: [web, b]}], checks: {c: {type: cpu}}}
        """,
    )
    assert config.services["s"].depends_on == (("b",),)


def test_check_of_a_template_brings_what_it_depends_on(look: Examine) -> None:
    found = look(
        "templates: {host: {depends_on: gate, checks: {ssh: {type: cpu, depends_on: {any_of: [gate, gate.b]}}}}}\n"
        "services:\n"
        "  gate: {checks: {b: {type: cpu}}}\n"
        "  one: {use: host}\n"
        "  two: {use: host, depends_on: gate.b, checks: {ssh: {depends_on: gate}}}\n"
    )
    assert found.config is not None, found.errors
    one, two = found.config.services["one"], found.config.services["two"]
    assert (one.depends_on, one.checks["ssh"].depends_on) == ((("gate",),), (("gate", "gate.b"),))
    assert (two.depends_on, two.checks["ssh"].depends_on) == ((("gate.b",),), (("gate",),))


@pytest.mark.parametrize(
    ("service", "mistakes"),
    [
        ("{checks: {c: {type: cpu, depends_on: wbe}}}", ['3:43: services.s.checks.c.depends_on: no service is called "wbe" (did you mean "web"?)']),
        ("{checks: {c: {type: cpu, depends_on: [web, web.hom]}}}", ['3:49: services.s.checks.c.depends_on.1: service web has no check "hom" (did you mean "home"?)']),
        ("{depends_on: [{any_of: [web, wbe.home]}], checks: {c: {type: cpu}}}", ['3:35: services.s.depends_on.0.any_of.1: no service is called "wbe" (did you mean "web"?)']),
        ("{depends_on: {any_of: [web, web.hom]}, checks: {c: {type: cpu}}}", ['3:34: services.s.depends_on.any_of.1: service web has no check "hom" (did you mean "home"?)']),
        ("{depends_on: {any_of: wbe}, checks: {c: {type: cpu}}}", ['3:28: services.s.depends_on.any_of: no service is called "wbe" (did you mean "web"?)']),
        ("{depends_on: [{anyof: [web]}], checks: {c: {type: cpu}}}", ['3:21: services.s.depends_on.0.anyof: unknown key "anyof" (did you mean "any_of"?)']),
        ("{depends_on: [{all_of: [web]}], checks: {c: {type: cpu}}}", ['3:21: services.s.depends_on.0.all_of: unknown key "all_of" (did you mean "any_of"?)']),
        ("{depends_on: [{any_of: []}], checks: {c: {type: cpu}}}", ["3:29: services.s.depends_on.0.any_of: must name at least one (such as [uplink-a, uplink-b])"]),
        ("{depends_on: [[web]], checks: {c: {type: cpu}}}", ["3:20: services.s.depends_on.0: expected a mapping, got a list"]),
        ("{depends_on: [{any_of: [{any_of: web}]}], checks: {c: {type: cpu}}}", ["3:30: services.s.depends_on.0.any_of.0: expected a text, got a mapping (such as [uplink-a, uplink-b])"]),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_place_and_remedy(look: Examine, service: str, mistakes: list[str]) -> None:
    found = _mistakes(look, f"  web: {{checks: {{home: {CPU}}}}}\n  s: {service}\n")
    assert found == [f"tocsin.yaml:{mistake}" for mistake in mistakes]


@pytest.mark.parametrize(
    ("services", "mistake"),
    [
        ("  a: {checks: {c: {type: cpu, depends_on: a.c}}}\n", "2:43: services.a.checks.c.depends_on: depends on itself: a.c -> a.c"),
        ("  a: {checks: {c: {type: cpu, depends_on: a}}}\n", "2:43: services.a.checks.c.depends_on: depends on itself: a -> a.c -> a"),
        ("  a: {depends_on: a.c, checks: {c: {type: cpu}}}\n", "2:19: services.a.depends_on: depends on itself: a -> a"),
        ("  a: {checks: {c: {type: cpu, depends_on: a.d}, d: {type: cpu, depends_on: a.c}}}\n", "2:43: services.a.checks.c.depends_on: depends on itself: a.d -> a.c -> a.d"),
        (
            "  a: {checks: {c: {type: cpu, depends_on: [{any_of: [b, d]}]}}}\n"
            "  b: {checks: {c: {type: cpu}}}\n"
            "  d: {depends_on: a, checks: {c: {type: cpu}}}\n",
            "4:19: services.d.depends_on: depends on itself: a -> a.c -> d -> a",
        ),
        (
            "  web: {targets: [x], checks: {c: {type: cpu, depends_on: a}}}\n"
            "  a: {depends_on: web.c, checks: {c: {type: cpu}}}\n",
            "3:19: services.a.depends_on: depends on itself: web-x.c -> a -> web.c -> web-x.c",
        ),
    ],
)  # fmt: skip
def test_circle_is_named(look: Examine, services: str, mistake: str) -> None:
    assert _mistakes(look, services) == [f"tocsin.yaml:{mistake}"]


def test_check_may_depend_on_another_of_its_service_and_services_may_cross_without_a_circle(
    look: Examine,
) -> None:
    """What a is as good as goes down to b.up, which needs nothing; b.app needs a.up, which needs nothing either."""
    _services(
        look,
        """\
          a: {checks: {up: {type: cpu}, app: {type: cpu, depends_on: [a.up, b.up]}}}
          b: {checks: {up: {type: cpu}, app: {type: cpu, depends_on: [b.up, a.up]}}}
        """,
    )


NAMES = st.sampled_from(["a", "a.c", "a.d", "b", "b.c", "b.d", "e", "e.c"])
NEEDS = st.lists(NAMES, max_size=2)


@given(
    st.dictionaries(st.sampled_from(["a", "a.c", "a.d", "b", "b.c", "b.d", "e", "e.c"]), NEEDS, max_size=6)
)
def test_circles_are_found_exactly_when_something_comes_back_to_itself(needs: dict[str, list[str]]) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.chdir(folder)
        path = Path("tocsin.yaml")
        path.write_text(_written(needs))
        found = [problem.message for problem in examine(path, all_kinds()).errors]
    assert all(message.startswith("depends on itself: ") for message in found)
    assert bool(found) == _comes_back(needs)


def _written(needs: dict[str, list[str]]) -> str:
    services: dict[str, list[str]] = {"a": ["c", "d"], "b": ["c", "d"], "e": ["c"]}
    lines = ["services:"]
    for service, checks in services.items():
        lines += [f"  {service}:", f"    depends_on: {needs.get(service, [])}", "    checks:"]
        lines += [f"      {c}: {{type: cpu, depends_on: {needs.get(f'{service}.{c}', [])}}}" for c in checks]
    return "\n".join(lines).replace("'", "")


def _comes_back(needs: dict[str, list[str]]) -> bool:
    """A check needs its own and its service's; what needs a service needs each of its checks."""
    checks = {"a": ["a.c", "a.d"], "b": ["b.c", "b.d"], "e": ["e.c"]}
    wanted = {
        check: {
            leaf
            for name in needs.get(check, []) + needs.get(check[0], [])
            for leaf in checks.get(name, [name])
        }
        for group in checks.values()
        for check in group
    }
    for _ in wanted:
        wanted = {name: found.union(*(wanted[each] for each in found)) for name, found in wanted.items()}
    return any(name in found for name, found in wanted.items())


def test_reload_names_the_services_and_checks_that_depend_on_others_now(look: Examine) -> None:
    before = _services(look, "  a: {checks: {c: {type: cpu}}}\n  b: {checks: {c: {type: cpu}}}\n")
    after = _services(
        look,
        "  a: {checks: {c: {type: cpu}}}\n  b: {depends_on: a, checks: {c: {type: cpu, depends_on: a.c}}}\n",
    )
    assert differences(before, after).changed == {"b": ("depends_on",), "b.c": ("depends_on",)}


def test_hundreds_that_depend_on_the_same_hundreds_load(look: Examine) -> None:
    targets = ", ".join(f"h{number}" for number in range(300))
    config = _services(
        look,
        f"  web: {{targets: [{targets}], checks: {{home: {CPU}}}}}\n"
        f"  app: {{targets: [{targets}], depends_on: web, checks: {{c: {{type: cpu, depends_on: {{any_of: web}}}}}}}}\n",
    )
    assert len(config.services["app-h299"].depends_on) == 300
    assert len(config.services["app-h0"].checks["c"].depends_on[0]) == 300
