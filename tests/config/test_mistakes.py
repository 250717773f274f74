"""What is said about each mistake: place, path, sentence and remedy, word for word."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

from collections.abc import Callable

import pytest

from checks.registry import KINDS
from config.loader import Loaded

Look = Callable[[str], Loaded]

CHECK = "services:\n  web:\n    checks:\n      home: {type: http, url: 'http://localhost/', %s}\n"
SERVICE = "services:\n  web: {%s, checks: {cpu: {type: cpu}}}\n"
IN_CHECK, IN_SERVICE = "services.web.checks.home", "services.web"

ONE = [
    # scalars that Python or YAML would read in a way of their own
    (CHECK % "every: 30 sec", f'4:59: {IN_CHECK}.every: expected a duration like 30s or 1h30m, got "30 sec" (did you mean 30s?)'),
    (CHECK % "every: 30", f'4:59: {IN_CHECK}.every: expected a duration like 30s or 1h30m, got "30" (did you mean 30s?)'),
    (CHECK % "every: '12:30'", f'4:59: {IN_CHECK}.every: expected a duration like 30s or 1h30m, got "12:30" (write 12m30s or 12h30m)'),
    (CHECK % "every: 0", f'4:59: {IN_CHECK}.every: must be at least 1s, got "0"'),
    (CHECK % "every: -5s", f'4:59: {IN_CHECK}.every: expected a duration like 30s or 1h30m, got "-5s" (did you mean 5s?)'),
    (CHECK % "every: 200ms", f'4:59: {IN_CHECK}.every: must be at least 1s, got "200ms"'),
    (CHECK % "every: 999999w", f'4:59: {IN_CHECK}.every: must be at most 366d, got "999999w"'),
    (CHECK % "timeout: 2h", f'4:61: {IN_CHECK}.timeout: must be at most 1h, got "2h"'),
    (CHECK % "retry_every: 10ms", f'4:65: {IN_CHECK}.retry_every: must be at least 100ms, got "10ms"'),
    (CHECK % "confirm: 1_000", f'4:61: {IN_CHECK}.confirm: expected a whole number, got "1_000" (did you mean 1000?)'),
    (CHECK % "confirm: 1e1", f'4:61: {IN_CHECK}.confirm: expected a whole number, got "1e1" (did you mean 10?)'),
    (CHECK % "confirm: 010", f'4:61: {IN_CHECK}.confirm: expected a whole number, got "010" (did you mean 10?)'),
    (CHECK % "confirm: 2.0", f'4:61: {IN_CHECK}.confirm: expected a whole number, got "2.0"'),
    (CHECK % "confirm: 0", f'4:61: {IN_CHECK}.confirm: must be at least 1, got "0"'),
    (CHECK % "keep_alive: maybe", f'4:64: {IN_CHECK}.keep_alive: expected yes or no, got "maybe"'),
    (CHECK % "max_body: 10 mb", f'4:62: {IN_CHECK}.max_body: expected a size like 10MiB, got "10 mb" (did you mean 10MB?)'),
    (SERVICE % "target: 99", f'2:17: {IN_SERVICE}.target: expected a share between 0% and 100%, got "99" (did you mean 99%?)'),
    (SERVICE % "target: 0%", f'2:17: {IN_SERVICE}.target: must be more than 0%, got "0%"'),
    (SERVICE % "target: 150%", f'2:17: {IN_SERVICE}.target: expected a share between 0% and 100%, got "150%"'),
    (SERVICE % 'title: "a\\x1b[31mb"', f'2:16: {IN_SERVICE}.title: expected a line of text: it holds a control character or the end of a line'),
    (SERVICE % "labels: {a b: c}", f'2:17: {IN_SERVICE}.labels: "a b" is no label name: letters, digits and _, and no digit first'),
    (SERVICE % 'labels: {site: "a\\nb"}', f'2:17: {IN_SERVICE}.labels: the label site wants one line of at most 512 characters'),
    (SERVICE % "disabled: no", f'2:19: {IN_SERVICE}.disabled: expected a reason for people, got "no" (write why, or leave the line out)'),
    (SERVICE % "down_when: 3 of 2", f'2:20: {IN_SERVICE}.down_when: expected any, all or a share like "2 of 3", got "3 of 2" (did you mean 2 of 3?)'),
    (SERVICE % "down_when: 2 of 3", f'2:20: {IN_SERVICE}.down_when: "2 of 3" can never be met: none of its checks counts for uptime'),
    # words that nobody knows
    ("servces: {}\n", '1:1: servces: unknown section "servces" (did you mean "services"?)'),
    (CHECK % "evry: 3s", f'4:52: {IN_CHECK}.evry: unknown key "evry" (did you mean "every"?)'),
    (CHECK % "tls: {verfy: no}", f'4:58: {IN_CHECK}.tls.verfy: unknown key "verfy" (did you mean "verify"?)'),
    (SERVICE % "lables: {}", f'2:9: {IN_SERVICE}.lables: unknown key "lables" (did you mean "labels"?)'),
    (SERVICE % "criticality: hihg", f'2:22: {IN_SERVICE}.criticality: expected critical, high, medium or low, got "hihg" (did you mean "high"?)'),
    ("agent: {lable: x}\n", '1:9: agent.lable: unknown key "lable" (known here: allow_link_local, backup, ballast, changes_token, emergency, heartbeat_every, heartbeat_url, id, keep_readings, listen, metrics, references, self_service, sentry_dsn, state_dir, stop_grace, timezone, trace_routes, unusable_store, web)'),
    ("agent: {timezone: Johannesburg}\n", '1:19: agent.timezone: unknown time zone "Johannesburg" (did you mean Africa/Johannesburg?)'),
    ("agent: {timezone: ../../etc/passwd}\n", '1:19: agent.timezone: unknown time zone "../../etc/passwd" (write it like Africa/Johannesburg)'),
    ("agent: {state_dir: ~/tocsin}\n", '1:20: agent.state_dir: expected a directory like /var/lib/tocsin, got "~/tocsin" (write the whole path)'),
    ("agent: {listen: 9809}\n", '1:17: agent.listen: expected an address like 127.0.0.1:9809, got "9809" (did you mean 127.0.0.1:9809?)'),
    ("agent: {listen: '::1:9809'}\n", '1:17: agent.listen: expected an address like [::1]:9809, got "::1:9809" (did you mean [::1]:9809?)'),
    ("agent: {metrics: {allow: [10.0.0.1/8]}}\n", '1:27: agent.metrics.allow.0: expected a network like 10.0.0.0/8, got "10.0.0.1/8" (did you mean 10.0.0.0/8?)'),
    ("services: {Web Shop: {checks: {a: {type: cpu}}}}\n", '1:12: services.Web Shop: "Web Shop" is no id (lower-case letters, digits, - and _, at most 63 characters; such as web-shop)'),
    ("services: {a: {checks: {b: {type: tpc}}}}\n", '1:35: services.a.checks.b.type: unknown kind of check "tpc" (did you mean "tcp"?)'),
    ("services: {a: {checks: {b: {every: 1s}}}}\n", f"1:25: services.a.checks.b: is missing type: (known kinds: {', '.join(sorted(KINDS))})"),
    ("services: {a: {checks: {b: {type: tcp, port: 1}}}}\n", "1:25: services.a.checks.b.host: is missing (name or address to connect to)"),
    # shapes
    ("services: [a]\n", "1:11: services: expected a mapping of names, got a list (begin each with its id and a colon, not with a -)"),
    ("services: {a: b}\n", '1:15: services.a: expected a mapping, got a text'),
    ("services: {a: {checks: [b]}}\n", "1:24: services.a.checks: expected a mapping of checks by id, got a list (begin each with its id and a colon, not with a -)"),
    ("services: {a: {checks: {b: c}}}\n", '1:28: services.a.checks.b: expected a mapping with type:, got a text'),
    ("teams: {web: {skills: web}}\n", '1:23: teams.web.skills: expected a list, got "web" (write [web])'),
    ("teams: {web: {title: [a]}}\n", "1:22: teams.web.title: expected a text, got a list (such as Web team)"),
    ("templates: [a]\n", "1:12: templates: expected a mapping of names, got a list (begin each with its id and a colon, not with a -)"),
    ("policies: x\n", '1:11: policies: expected a mapping of names, got "x"'),
    ("helpdesks: [a]\n", "1:12: helpdesks: expected a mapping of names, got a list (begin each with its id and a colon, not with a -)"),
    ("channels: [a]\n", "1:11: channels: expected a mapping of names, got a list (begin each with its id and a colon, not with a -)"),
    ("routes: {send_to: a}\n", "1:9: routes: expected a list, got a mapping (begin each route with a -)"),
    ("routes: [{send_to: []}]\n", "1:20: routes.0.send_to: must name at least one (such as [jira, email-web])"),
    ("include: {a: b}\n", "1:10: include: expected a list of files, got a mapping (such as [conf.d/*.yaml])"),
    ("services: {w: {checks: {c: {type: imap, host: h, tls: true, auth: {user: '', password: x}}}}}\n", "1:74: services.w.checks.c.auth.user: must not be empty (such as probe@example.org)"),
    # conditions
    (CHECK % "down: latncy > 5s", f'4:58: {IN_CHECK}.down: no value is called "latncy", at column 1 of: latncy > 5s (did you mean latency?)'),
    (CHECK % "degraded: status is 200", f"4:62: {IN_CHECK}.degraded: expected an operator after status, at column 8 of: status is 200 (write == or !=)"),
    # references that lead nowhere: said once, whatever was wanted there
    (CHECK % "confirm: '${env:TOCSIN_UNSET}'", f"4:61: {IN_CHECK}.confirm: ${{env:TOCSIN_UNSET}}: the environment has no variable TOCSIN_UNSET"),
    # names that lead nowhere
    (SERVICE % "team: wbe", f'2:15: {IN_SERVICE}.team: no team is called "wbe" (there is no team in the configuration)'),
    (SERVICE % "policy: scmr-6", f'2:17: {IN_SERVICE}.policy: no policy is called "scmr-6" (did you mean "scmr-5"?)'),
    (SERVICE % "depends_on: [wbe]", f'2:22: {IN_SERVICE}.depends_on.0: no service is called "wbe" (did you mean "web"?)'),
    (SERVICE % "depends_on: wbe", f'2:21: {IN_SERVICE}.depends_on: no service is called "wbe" (did you mean "web"?)'),
    (SERVICE % "depends_on: [web]", f"2:21: {IN_SERVICE}.depends_on: depends on itself: web -> web"),
    (SERVICE % "use: host", f'2:14: {IN_SERVICE}.use: no template is called "host"'),
    (SERVICE % "uptime: {hours: office}", f'2:25: {IN_SERVICE}.uptime.hours: no calendar is called "office" (there is no calendar in the configuration)'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row for row in ONE if row[1]], ids=lambda value: None)
def test_mistake_is_named_with_place_path_and_remedy(look: Look, text: str, expected: str) -> None:
    assert [str(problem) for problem in look(text).errors] == [f"tocsin.yaml:{expected}"]


def test_every_mistake_of_a_file_is_named_in_one_run_in_the_order_of_the_file(look: Look) -> None:
    found = look(
        """\
        agent: {timezone: Mars}
        defaults: {confirm: 0}
        services:
          web:
            target: 150%
            lables: {}
            team: nobody
            checks:
              home: {type: http, every: 1, down: latncy > 1s, counts_for_uptime: 7}
              ssh: {type: tpc, timeout: 1}
              Big: {type: tcp, host: localhost}
          db: {depends_on: [wbe], checks: {cpu: {type: cpu, degraded: bsy > 90%}}}
        routes: [{send_to: jira}]
        """
    )
    assert found.config is None
    assert [f"{problem.line} {problem.path}" for problem in found.errors] == [
        "1 agent.timezone",
        "2 defaults.confirm",
        "5 services.web.target",
        "6 services.web.lables",
        "7 services.web.team",
        "9 services.web.checks.home.url",
        "9 services.web.checks.home.every",
        "9 services.web.checks.home.down",
        "9 services.web.checks.home.counts_for_uptime",
        "10 services.web.checks.ssh.type",
        "10 services.web.checks.ssh.timeout",
        "11 services.web.checks.Big",
        "11 services.web.checks.Big.port",
        "12 services.db.depends_on.0",
        "12 services.db.checks.cpu.degraded",
        "13 routes.0.send_to",
    ]


def test_condition_folded_over_lines_is_read_as_one_and_shown_with_a_caret(look: Look) -> None:
    text = """\
        services:
          web:
            checks:
              home:
                type: http
                url: http://localhost/
                down: >
                  status not in 200..399
                  or {} > 5s
        """
    found = look(text.format("latency"))
    assert found.errors == []
    assert found.config is not None
    assert "latency" in found.config.services["web"].checks["home"].down[0].names
    (problem,) = look(text.format("latncy")).errors
    assert (problem.line, problem.column) == (7, 15)
    assert problem.message.endswith("at column 27 of: status not in 200..399 or latncy > 5s")
    line, caret = problem.excerpt.split("\n")
    assert line[caret.index("^") :].startswith("latncy > 5s")


def test_mistake_in_a_template_is_named_once_however_many_use_it(look: Look) -> None:
    found = look(
        """\
        templates:
          host: {checks: {cpu: {type: cpu, every: 1}}}
        services:
          a: {use: host}
          b: {use: host}
          c: {use: [host]}
        """
    )
    assert [str(problem) for problem in found.errors] == [
        "tocsin.yaml:2:43: services.a.checks.cpu.every: expected a duration like 30s or 1h30m, "
        'got "1" (did you mean 1s?)'
    ]


def test_thousands_of_mistakes_are_cut_short(look: Look) -> None:
    names = "".join(f"  service-{number}: {{depends_on: [servce-{number}]}}\n" for number in range(3000))
    found = look(f"services:\n{names}")
    assert len(found.errors) == 501
    assert found.errors[-1].message == "more mistakes follow; they are not listed"


def test_message_stays_on_one_short_line_whatever_was_written(look: Look) -> None:
    found = look('services: {a: {"b\\nc\\e[31m": 1, title: "x", criticality: "' + "y" * 5000 + '\\r\\n"}}')
    assert len(found.errors) == 2
    for problem in found.errors:
        assert str(problem).isprintable()
        assert len(str(problem)) < 400
