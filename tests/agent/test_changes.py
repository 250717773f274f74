"""What differs between two configurations is said by name, without a single value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.changes import Changes, bounded, differences
from checks.registry import all_kinds
from config.loader import load
from config.models import Config

Loading = Callable[[str], Config]
SITE = "services:\n  web:\n    checks:\n      home: {type: http, url: http://localhost/, %s}\n"


@pytest.fixture
def loading(tmp_path: Path) -> Loading:
    def load_text(text: str) -> Config:
        path = tmp_path / "tocsin.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, all_kinds())

    return load_text


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("every: 10s", "every: 20s", ("every",)),
        ("timeout: 1s", "timeout: 2s", ("timeout",)),
        ("down: status == 500", "down: status == 501", ("down",)),
        ("degraded: latency > 1s", "degraded: latency > 1s for 5m", ("degraded",)),
        ("labels: {a: b}", "labels: {a: c}", ("labels",)),
        ("method: GET", "method: HEAD", ("method",)),
        ("headers: {X-Key: one-secret-word}", "headers: {X-Key: another-one}", ("headers",)),
        ("auth: {user: a, password: secret-1}", "auth: {user: a, password: secret-2}", ("auth",)),
        ("tls: {verify: yes}", "tls: {verify: no}", ("tls",)),
        ("counts_for_uptime: yes", "counts_for_uptime: no", ("counts_for_uptime",)),
    ],
)
def test_the_options_that_changed_are_named(
    loading: Loading, before: str, after: str, names: tuple[str, ...]
) -> None:
    found = differences(loading(SITE % before), loading(SITE % after))
    assert found.changed == {"web.home": names}
    assert "secret" not in repr(found)
    assert "another" not in repr(found)


def test_an_interval_that_is_an_option_of_the_kind_is_named_once(loading: Loading) -> None:
    job = "services:\n  jobs:\n    checks:\n      backup: {type: heartbeat, every: %s}\n"
    before, after = loading(job % "20s"), loading(job % "30s")
    assert differences(before, after).changed == {"jobs.backup": ("every",)}


def test_nothing_changes_when_the_same_file_is_read_again(loading: Loading) -> None:
    text = SITE % "auth: {user: a, password: '${env:PATH}'}, down: body matches 'x+' or status in 500..599"
    found = differences(loading(text), loading(text))
    assert not found
    assert found == Changes()


def test_services_checks_and_sections_come_and_go_by_name(loading: Loading) -> None:
    before = loading(
        "teams: {web: {}, ops: {}}\n"
        "services: {a: {checks: {x: {type: cpu}, y: {type: cpu}, o: {type: cpu}}}, b: {checks: {x: {type: cpu}}}}\n"
    )
    after = loading(
        "teams: {web: {title: Web}, ops: {}}\nagent: {stop_grace: 1s, timezone: Africa/Johannesburg}\n"
        "services:\n"
        "  a: {title: A, checks: {x: {type: load}, y: {type: cpu, disabled: why not}, n: {type: cpu, was: o}}}\n"
        "  c: {checks: {z: {type: cpu}}}\n"
    )
    found = differences(before, after)
    assert found.added == ("c", "c.z")
    assert found.removed == ("b", "b.x")
    assert found.disabled == {"a.y": "why not"}
    assert found.renamed == {"a.o": "a.n"}
    assert found.changed["a"] == ("title",)
    assert found.changed["a.x"][0] == "type"
    assert found.changed["a.n"] == ("was",)
    assert found.changed["teams"] == ("web",)
    assert found.changed["agent"] == ("timezone", "stop_grace")
    assert found.restart == ()


def test_no_list_is_endless() -> None:
    names = [f"web.c{number}" for number in range(5000)]
    assert bounded(names, 20)[-1] == "and 4980 more"
    told = Changes(added=tuple(names), changed=dict.fromkeys(names, ("every",))).lines()
    assert {heading: len(listed) for heading, listed in told.items()} == {"added": 21, "changed": 21}
