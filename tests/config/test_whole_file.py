"""What only the whole file shows: templates, names that meet, circles, and what is unwise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alerting.connectors.registry import all_connectors
from checks.registry import all_kinds
from config.dependencies import circles
from config.loader import Loaded, examine

Look = Callable[[str], Loaded]


def test_example_of_the_contract_loads_and_says_what_it_could_not_look_at(shared: Path) -> None:
    found = examine(shared / "example.yaml", all_kinds(), all_connectors())
    assert found.errors == []
    assert [problem.path for problem in found.warnings] == ["helpdesks.jira.token"]
    assert found.config is not None


def test_service_that_uses_templates_overrides_them_option_by_option(look: Look) -> None:
    found = look(
        """\
        templates:
          host:
            labels: {os: linux, site: a}
            checks: {disk: {type: disk, path: /, down: used > 95%}, cpu: {type: cpu}}
          slow: {target: 98%, checks: {cpu: {every: 5m}}}
        services:
          web:
            use: [host, slow]
            labels: {site: b}
            checks: {disk: {down: used > 90%, confirm: 5}, cpu: {type: load}, extra: {type: memory}}
          db: {use: host}
        """
    )
    assert found.errors == []
    assert found.config is not None
    web, db = found.config.services["web"], found.config.services["db"]
    assert web.labels == {"os": "linux", "site": "b"}
    assert str(web.target) == "49/50"
    assert {name: check.kind for name, check in web.checks.items()} == {
        "disk": "disk",
        "cpu": "load",
        "extra": "memory",
    }
    disk = web.checks["disk"]
    assert (disk.spec.path, disk.down[0].text, disk.confirm) == ("/", "used > 90%", 5)
    assert web.checks["cpu"].every == 60  # another kind starts afresh
    assert db.checks["disk"].down[0].text == "used > 95%"
    assert db.labels == {"os": "linux", "site": "a"}


def test_helpdesks_and_channels_share_their_names(look: Look) -> None:
    found = look(
        "helpdesks: {a: {type: x}}\nchannels: {a: {type: y}, b: {}}\nservices: {s: {checks: {c: {type: cpu}}}}\n"
    )
    assert [str(problem) for problem in found.errors] == [
        'tocsin.yaml:1:23: helpdesks.a.type: unknown type "x" (this version keeps tickets in its own desk only)',
        'tocsin.yaml:2:12: channels.a: "a" also names a helpdesk (helpdesks and channels share their names)',
        'tocsin.yaml:2:22: channels.a.type: unknown type "y" (this version keeps tickets in its own desk only)',
        "tocsin.yaml:2:26: channels.b: is missing type:",
    ]


def test_circle_of_dependencies_is_named_once_however_long(look: Look) -> None:
    ring = "".join(
        f"  s{n}: {{depends_on: s{(n + 1) % 300}, checks: {{c: {{type: cpu}}}}}}\n" for n in range(300)
    )
    (problem,) = look(f"services:\n{ring}").errors
    assert problem.message.startswith("depends on itself: s0 -> s1 -> s2")
    assert problem.message.endswith("s299 -> s0")
    assert len(str(problem)) <= 400
    two = look(
        """\
        services:
          a: {depends_on: [b.c, c], checks: {c: {type: cpu}}}
          b: {depends_on: a, checks: {c: {type: cpu}}}
          c: {depends_on: [d], checks: {c: {type: cpu}}}
          d: {depends_on: [c, a], checks: {c: {type: cpu}}}
        """
    )
    assert sorted(problem.message for problem in two.errors) == [
        "depends on itself: a -> b -> a",
        "depends on itself: a -> c -> d -> a",
        "depends on itself: c -> d -> c",
    ]


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_circles_are_found_exactly_when_there_are_some(parents: dict[str, list[str]]) -> None:
    found = circles(parents)
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(parent in parents[name] for name, parent in pairwise(circle))
    assert len({tuple(circle) for circle in found}) == len(found)
    assert bool(found) == _has_circle(parents)


def _has_circle(parents: dict[str, list[str]]) -> bool:
    """Take away whoever needs nobody that is left, as long as there is one."""
    left = dict(parents)
    while free := [name for name, needs in left.items() if not any(need in left for need in needs)]:
        for name in free:
            del left[name]
    return bool(left)


def test_long_chain_of_dependencies_is_no_trouble(look: Look) -> None:
    chain = "".join(
        f"  s{n}: {{depends_on: s{n - 1}, checks: {{c: {{type: cpu}}}}}}\n" for n in range(1, 3000)
    )
    found = look(f"services:\n  s0: {{checks: {{c: {{type: cpu}}}}}}\n{chain}")
    assert found.errors == []


def test_what_is_legal_and_unwise_is_warned_of_once_and_does_not_stop_anything(look: Look) -> None:
    found = look(
        """\
        templates:
          host: {checks: {cpu: {type: cpu, every: 5s}}}
        calendars: {office: {hours: mon-fri 08:00-17:00}}
        services:
          a: {use: host}
          b: {use: host, active: office}
          empty: {title: Nothing}
          asleep: {disabled: until the move, checks: {}}
          many:
            down_when: 1 of 3
            checks: {x: {type: tcp, host: localhost, port: 1}, y: {type: tcp, host: localhost, port: 2, disabled: x1}}
        """
    )
    assert found.config is not None
    assert [str(problem) for problem in found.warnings] == [
        "tocsin.yaml:2:36: services.a.checks.cpu.every: every (5s) is shorter than timeout (10s): slow looks will be "
        "skipped (raise every or lower timeout)",
        "tocsin.yaml:7:3: services.empty: has no check: its uptime stays unknown (add checks:)",
    ]


def test_warnings_are_given_beside_errors(look: Look) -> None:
    found = look("services: {a: {}, b: {target: 0, checks: {c: {type: cpu}}}}")
    assert len(found.errors) == 1
    assert [problem.path for problem in found.warnings] == ["services.a"]


def test_disabled_checks_do_not_run_and_their_mistakes_are_mistakes(look: Look) -> None:
    text = "services: {a: {checks: {c: {type: cpu, disabled: broken fan, degraded: busy > %s}, d: {type: load}}}}"
    found = look(text % "90%")
    assert found.config is not None
    assert list(found.config.services["a"].checks) == ["d"]
    assert [problem.path for problem in look(text % "").errors] == ["services.a.checks.c.degraded"]


def test_five_thousand_checks_load(look: Look) -> None:
    service = "  s{0}: {{checks: {{{1}}}}}\n"
    check = "c{0}: {{type: http, url: 'http://host-{0}.example/', every: 30s, down: status != 200}}"
    checks = ", ".join(check.format(number) for number in range(50))
    found = look("services:\n" + "".join(service.format(number, checks) for number in range(100)))
    assert found.config is not None
    assert len(found.config.checks()) == 5000
