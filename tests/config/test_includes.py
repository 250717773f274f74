"""One configuration in many files: the right file is named, the order is stable, circles end."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from checks.registry import all_kinds
from config.loader import Loaded, examine


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _look(**files: str) -> Loaded:
    """Writes the files (`conf_d__web` is `conf.d/web.yaml`) and examines `main.yaml`."""
    for name, content in files.items():
        path = Path(name.replace("conf_d", "conf.d").replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(content))
    return examine(Path("main.yaml"), all_kinds())


def _said(found: Loaded) -> list[str]:
    return [str(problem) for problem in (*found.errors, *found.warnings)]


def test_files_are_read_in_order_of_their_names_and_named_in_mistakes() -> None:
    found = _look(
        main="include: [conf.d/*.yaml]\nservices: {main: {checks: {c: {type: cpu, evry: 1}}}}\n",
        conf_d__b="services:\n  b: {checks: {c: {type: cpu, evry: 1}}}\n",
        conf_d__a="services: {a: {checks: {c: {type: cpu, evry: 1}}}}\n",
    )
    assert _said(found) == [
        'main.yaml:2:43: services.main.checks.c.evry: unknown key "evry" (did you mean "every"?)',
        'conf.d/a.yaml:1:40: services.a.checks.c.evry: unknown key "evry" (did you mean "every"?)',
        'conf.d/b.yaml:2:31: services.b.checks.c.evry: unknown key "evry" (did you mean "every"?)',
    ]


def test_everything_included_is_one_configuration() -> None:
    found = _look(
        main="include: [conf.d/*.yaml]\nservices: {a: {use: host, team: web}}\nroutes: [{send_to: x}]\n",
        conf_d__teams="teams: {web: {title: Web}}\ntemplates: {host: {checks: {c: {type: cpu}}}}\n",
        conf_d__more="services: {b: {depends_on: a, checks: {c: {type: load}}}}\nroutes: [{send_to: y}]\n",
    )
    assert [problem.path for problem in found.errors] == ["routes.0.send_to", "routes.1.send_to"]
    assert [problem.file for problem in found.errors] == ["main.yaml", "conf.d/more.yaml"]
    assert [(problem.line, problem.column) for problem in found.errors] == [(3, 20), (2, 20)]


def test_included_files_include_from_where_they_stand() -> None:
    found = _look(
        main="include: conf.d/first.yaml\n",
        conf_d__first="include: second.yaml\n",
        conf_d__second="services: {a: {checks: {c: {type: cpu}}}}\n",
    )
    assert found.config is not None
    assert found.config.files == ("main.yaml", "conf.d/first.yaml", "conf.d/second.yaml")


def test_pattern_that_matches_nothing_is_fine_and_a_name_that_does_not_exist_is_a_mistake() -> None:
    service = "services: {a: {checks: {c: {type: cpu}}}}\n"
    assert _said(_look(main=f"include: [conf.d/*.yaml]\n{service}")) == []
    assert _said(_look(main=f"include:\n  - conf.d/web.yaml\n{service}")) == [
        'main.yaml:2:5: include.0: includes "conf.d/web.yaml", which does not exist'
    ]


def test_circle_of_includes_is_named_where_it_closes() -> None:
    found = _look(main="include: a.yaml\n", a="include: [b.yaml]\n", b="include:\n  - main.yaml\n")
    assert [str(problem) for problem in found.errors] == [
        "b.yaml:2:5: include.0: includes itself: main.yaml -> a.yaml -> b.yaml -> main.yaml (break the circle)"
    ]


def test_file_that_is_included_twice_is_read_once_and_a_pattern_spares_its_own_file() -> None:
    found = _look(
        main="include: ['*.yaml', a.yaml, ./conf.d/../a.yaml]\n",
        a="services: {a: {checks: {c: {type: cpu}}}}\n",
        conf_d__unused="",
    )
    assert _said(found) == []
    assert found.config is not None
    assert found.config.files == ("main.yaml", "a.yaml")


def test_same_service_in_two_files_is_a_mistake_that_names_both_places() -> None:
    found = _look(
        main="include: [a.yaml]\nagent: {id: x}\nservices:\n  web: {checks: {c: {type: cpu}}}\n",
        a="services:\n  db: {checks: {c: {type: cpu}}}\n  web: {}\nagent: {id: y}\n",
    )
    assert _said(found) == [
        'a.yaml:3:3: services.web: "web" is defined twice (first at main.yaml:4:3)',
        'a.yaml:4:1: agent: "agent" is defined twice (first at main.yaml:2:1)',
    ]


def test_broken_file_does_not_hide_the_mistakes_of_the_others() -> None:
    found = _look(
        main="include: ['*.yaml']\nservices: {a: {team: web, criticality: big, checks: {c: {type: cpu}}}}\n",
        a="teams: {web: {title: 'x}}\n",
        b="teams: {db: {skills: x}}\n",
    )
    assert [(problem.file, problem.path) for problem in found.errors] == [
        ("main.yaml", "services.a.criticality"),
        ("a.yaml", ""),
        ("b.yaml", "teams.db.skills"),
    ]  # and not: no team is called "web"; it may stand in the file that could not be read
