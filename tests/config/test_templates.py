"""`use:` on services, checks and templates: what wins, what is merged, and mistakes in what nobody uses."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

from collections.abc import Callable

from config.loader import Loaded

Look = Callable[[str], Loaded]


def _said(found: Loaded) -> list[str]:
    return [str(problem).removeprefix("tocsin.yaml:") for problem in (*found.errors, *found.warnings)]


def test_check_that_uses_templates_overrides_them_option_by_option(look: Look) -> None:
    found = look(
        """\
        templates:
          base: {every: 30s, timeout: 5s, labels: {os: linux, site: a}}
          web: {use: base, type: http, url: http://localhost/, down: status != 200, labels: {site: b}}
          slow: {timeout: 20s}
        services:
          shop:
            checks:
              home: {use: [web, slow], url: http://localhost/home, labels: {room: r1}}
              api: {use: web, type: tcp, host: localhost, port: 1, url: null, down: null}
        """
    )
    assert found.errors == []
    assert found.config is not None
    home, api = found.config.services["shop"].checks.values()
    assert (home.kind, home.spec.url, home.every, home.timeout) == ("http", "http://localhost/home", 30, 20)
    assert home.labels == {"os": "linux", "site": "b", "room": "r1"}
    assert [condition.text for condition in home.down] == ["status != 200"]
    assert (api.kind, api.every, api.down) == ("tcp", 30, ())


def test_template_that_uses_templates_lies_over_them(look: Look) -> None:
    found = look(
        """\
        templates:
          base: {criticality: low, target: 98%, checks: {cpu: {type: cpu, every: 2m}, load: {type: load}}}
          host: {use: base, criticality: high, checks: {cpu: {confirm: 5, labels: {a: b}}, disk: {use: root}}}
          root: {type: disk, path: /}
        services:
          one: {use: host, checks: {cpu: {recover: 4, labels: {c: d}}}}
        """
    )
    assert found.errors == []
    assert found.config is not None
    one = found.config.services["one"]
    assert (one.criticality, str(one.target)) == ("high", "49/50")
    assert sorted(one.checks) == ["cpu", "disk", "load"]
    cpu = one.checks["cpu"]
    assert (cpu.every, cpu.confirm, cpu.recover) == (120, 5, 4)
    assert cpu.labels == {"a": "b", "c": "d"}
    assert one.checks["disk"].spec.path == "/"


def test_services_that_use_the_same_template_have_checks_of_their_own_name(look: Look) -> None:
    found = look(
        """\
        templates: {host: {checks: {cpu: {type: cpu}, disk: {type: disk, path: /}}}}
        services: {a: {use: host}, b: {use: host, checks: {disk: {path: /var}}}}
        """
    )
    assert found.config is not None
    assert [check.address for check in found.config.checks()] == ["a.cpu", "a.disk", "b.cpu", "b.disk"]
    assert [check.spec.path for check in found.config.checks() if check.kind == "disk"] == ["/", "/var"]


def test_circle_of_templates_is_named_whether_used_or_not(look: Look) -> None:
    text = """\
        templates:
          a: {use: b, checks: {c: {type: cpu}}}
          b:
            use: [c]
          c: {use: a}
          d: {type: cpu, use: d}
        services: {s: {%s checks: {own: {type: load}}}}
        """
    for used in ("", "use: b,"):
        messages = [problem.message for problem in look(text % used).errors]
        assert len(messages) == 2
        assert sorted(messages[0].removeprefix("uses itself: ").split(" -> ")[:-1]) == ["a", "b", "c"]
        assert messages[1] == "uses itself: d -> d"


def test_endless_row_of_templates_ends(look: Look) -> None:
    row = "".join(f"  t{n}: {{use: t{n + 1}}}\n" for n in range(3000))
    found = look(f"templates:\n{row}services: {{s: {{use: t0, checks: {{c: {{type: cpu}}}}}}}}\n")
    assert "more than 20 templates use one another in a row" in {problem.message for problem in found.errors}


def test_mistakes_in_what_nobody_uses_are_named_and_what_is_lacking_is_not(look: Look) -> None:
    found = look(
        """\
        templates:
          host: {criticality: hihg, lables: {}, checks: {cpu: {type: cpu, evry: 1m, down: bsy > 90%}, Up: {type: tcp}}}
          web: {type: htp, every: 30}
          probe: {every: 30s, timeout: 5s, url: x, down: latency >, foo: bar}
          lone: {use: nobody}
          text: words
          empty:
          fine: {type: http, url: "https://${target}/", every: "${label.every}", down: status != 200}
          many: {targets: [a], targets_file: none, title: "${target}", checks: {a: {every: 1m}}}
        services: {s: {checks: {c: {type: cpu}}}}
        """
    )
    assert _said(found) == [
        '2:23: templates.host.criticality: expected critical, high, medium or low, got "hihg" (did you mean "high"?)',
        '2:29: templates.host.lables: unknown key "lables" (did you mean "labels"?)',
        '2:67: templates.host.checks.cpu.evry: unknown key "evry" (did you mean "every"?)',
        '2:83: templates.host.checks.cpu.down: no value is called "bsy", at column 1 of: bsy > 90% (did you mean busy?)',
        '2:95: templates.host.checks.Up: "Up" is no id (lower-case letters, digits, - and _, at most 63 characters; '
        "such as up)",
        '3:15: templates.web.type: unknown kind of check "htp" (did you mean "http"?)',
        '3:27: templates.web.every: expected a duration like 30s or 1h30m, got "30" (did you mean 30s?)',
        "4:50: templates.probe.down: expected a value or a literal, at column 10 of: latency >",
        '4:61: templates.probe.foo: unknown key "foo"',
        '5:15: templates.lone.use: no template is called "nobody"',
        '6:9: templates.text: expected a mapping, got "words"',
    ]


def test_empty_template_is_no_mistake(look: Look) -> None:
    assert _said(look("templates: {a: }\nservices: {s: {use: a, checks: {c: {type: cpu}}}}\n")) == []
