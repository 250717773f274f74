"""One service or check for each target: names, what is filled in, files of targets, and what is never followed."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.registry import all_kinds
from config.field_types import is_id
from config.loader import Loaded, examine
from config.places import Block, Listing
from config.references import references
from config.targets import Form, Target, Unfit, as_ending, fault_of, made_name
from config.targets_file import stamp

Look = Callable[[str], Loaded]

WEB = """\
services:
  web:
    title: Web server ${target}
    labels: {tier: front}
    checks:
      home: {type: http, url: "https://${target}/?site=${label.site}", labels: {room: "${label.room}"}}
    %s
"""
BARE = "services:\n  web: {%s, checks: {c: {type: tcp, host: '${target}', port: 80}}}\n"


def _said(found: Loaded) -> list[str]:
    return [str(problem) for problem in (*found.errors, *found.warnings)]


def _names(found: Loaded) -> list[str]:
    assert found.config is not None, _said(found)
    return list(found.config.services)


def test_each_target_makes_a_service_with_its_words_filled_in(look: Look) -> None:
    found = look(
        WEB
        % """targets:
      - {target: Web-01.example.org, labels: {site: jhb, room: r1, tier: back}}
      - {target: 192.0.2.7, id: seven, labels: {site: cpt, room: r2, __meta_rack: a1}}
    """
    )
    assert _names(found) == ["web-web-01-example-org", "web-seven"]
    assert found.config is not None
    first, second = found.config.services.values()
    assert (first.title, second.title) == ("Web server Web-01.example.org", "Web server 192.0.2.7")
    assert first.checks["home"].spec.url == "https://Web-01.example.org/?site=jhb"
    assert second.checks["home"].spec.url == "https://192.0.2.7/?site=cpt"
    assert first.labels == {"site": "jhb", "room": "r1", "tier": "front"}  # its own words win
    assert second.labels == {
        "site": "cpt",
        "room": "r2",
        "tier": "front",
    }  # what begins with __ fills in only
    assert second.checks["home"].labels == {"room": "r2"}


def test_each_target_of_a_check_makes_a_check(look: Look) -> None:
    found = look(
        """\
        services:
          net:
            down_when: 2 of 3
            checks:
              ping:
                type: tcp
                host: ${target}
                port: ${label.port}
                targets: [{target: 192.0.2.1, labels: {port: 22}}, {target: '2001:db8::1', labels: {port: 80}}]
              own: {type: tcp, host: localhost, port: 1}
        """
    )
    assert _said(found) == []
    assert found.config is not None
    checks = found.config.services["net"].checks
    assert {name: getattr(check.spec, "port", None) for name, check in checks.items()} == {
        "ping-192-0-2-1": 22,
        "ping-2001-db8-1": 80,
        "own": 1,
    }
    assert checks["ping-192-0-2-1"].labels == {"port": "22"}


def test_template_is_filled_in_where_it_is_used(look: Look) -> None:
    found = look(
        """\
        templates:
          host: {targets_file: hosts.yaml, checks: {disk: {type: tcp, host: "${target}", port: 22, labels: {rack: "${label.rack}"}}}}
        services:
          old: {use: host, targets_file: [], targets: [{target: a, labels: {rack: r1}}]}
          new: {use: host, targets: [{target: b, labels: {rack: r2}}]}
        """
    )
    assert [str(problem) for problem in found.errors] == [
        'tocsin.yaml:2:24: services.new.targets_file: there is no file "hosts.yaml" (a path or a pattern, from the directory of this file)',
    ]
    Path("hosts.yaml").write_text("- {target: c, labels: {rack: r3}}\n")
    found = examine(Path("tocsin.yaml"), all_kinds())
    assert _names(found) == ["old-a", "new-b", "new-c"]


def test_names_of_targets_stand_for_all_they_made(look: Look) -> None:
    found = look(
        """\
        services:
          web: {targets: [a, b], checks: {home: {type: tcp, host: "${target}", port: 1}}}
          net: {checks: {ping: {type: tcp, host: "${target}", port: 1, targets: [x, y]}}}
          app: {depends_on: [web, net.ping], checks: {c: {type: cpu}}}
          lib: {depends_on: [web.home, web-a], checks: {c: {type: cpu}}}
          new: {depends_on: [web.hom, web-c], checks: {c: {type: cpu}}}
        """
    )
    assert _said(found) == [
        'tocsin.yaml:6:22: services.new.depends_on.0: service web has no check "hom" (did you mean "home"?)',
        'tocsin.yaml:6:31: services.new.depends_on.1: no service is called "web-c" (did you mean "web-b"?)',
    ]
    text = Path("tocsin.yaml").read_text().splitlines()[:-1]
    config = look("\n".join(text)).config
    assert config is not None
    assert config.services["app"].depends_on == (
        ("web-a",),
        ("web-b",),
        ("net.ping-x",),
        ("net.ping-y",),
    )
    assert config.services["lib"].depends_on == (("web-a.home",), ("web-b.home",), ("web-a",))


def test_circle_through_the_name_of_targets_is_found(look: Look) -> None:
    (problem,) = look(
        "services:\n  a: {depends_on: web, checks: {c: {type: cpu}}}\n"
        "  web: {targets: [x], depends_on: a, checks: {c: {type: cpu}}}\n"
    ).errors
    assert problem.message == "depends on itself: a -> web -> web-x -> a"
    assert (problem.line, problem.column) == (3, 35)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("targets: [a.b, a-b]", '2:24: "a-b" would be called "web-a-b", and that name is given for "a.b" as well (give it an id: of its own)'),
        ("targets: ['${env:HOME}']", '2:19: services.web.targets.0: "${env:HOME}" is no target: it holds ${, and references are not followed here'),
        ("targets: [{target: a, labels: {x: '${file:/etc/passwd}'}}]", '2:43: services.web.targets.0.labels.x: "${file:/etc/passwd}" is no label: it holds ${, and references are not followed here'),
        ('targets: ["a\\x07"]', '2:19: services.web.targets.0: "a?" is no target: it holds a control character'),
        ("targets: ['???']", '2:19: services.web.targets.0: no name can be made of "???" (write {target: ???, id: ...})'),
        ("targets: [{target: a, id: A}]", '2:35: services.web.targets.0.id: "A" is no id (lower-case letters, digits, - and _, at most 63 characters; such as a)'),
        ("targets: [{traget: a}]", '2:20: services.web.targets.0.traget: unknown key "traget" (did you mean "target"?)'),
        ("targets: [{id: a}]", "2:19: services.web.targets.0: is missing target: (a target is a text, or {target: ..., id: ..., labels: {...}})"),
        ("targets: [[a]]", "2:19: services.web.targets.0: expected a target, got a list (a target is a text, or {target: ..., id: ..., labels: {...}})"),
        ("targets: a", '2:18: services.web.targets: expected a list of targets, got "a" (write [a])'),
        ("targets: [{target: a, labels: [b]}]", "2:39: services.web.targets.0.labels: expected a mapping of at most 64 labels, got a list"),
        ("targets: [a b]", '2:55: services.web-a-b.checks.c.host: expected a host name or address, got "a b", for target "a b"'),
        ("targets_file: none.txt", '2:23: services.web.targets_file: there is no file "none.txt" (a path or a pattern, from the directory of this file)'),
    ],
)  # fmt: skip
def test_mistake_is_named_with_its_place_and_its_target(look: Look, targets: str, message: str) -> None:
    assert _said(look(BARE % targets)) == [f"tocsin.yaml:{message}"]


def test_blank_without_targets_is_a_mistake(look: Look) -> None:
    assert _said(look(BARE % "title: none")) == [
        "tocsin.yaml:2:52: services.web.checks.c.host: ${target} stands for nothing here (a service or check with targets: or targets_file: has it filled in)"
    ]


def test_label_that_targets_lack_is_named_once_with_the_labels_there_are(look: Look) -> None:
    found = look(
        WEB % "targets: [a, {target: b, labels: {site: x, room: y}}, {target: c, labels: {site: x}}]"
    )
    assert _said(found) == [
        'tocsin.yaml:6:31: services.web.checks.home.url: target "a" has no label "site" (it has no labels)',
        'tocsin.yaml:6:87: services.web.checks.home.labels.room: target "a" has no label "room"; 1 more lack it (it has no labels)',
    ]


def test_mistake_that_all_targets_share_is_named_once(look: Look) -> None:
    text = BARE.replace("port: 80", "prt: 80") % f"targets: [{', '.join(f'h{n}' for n in range(50))}]"
    assert len(look(text).errors) == 1
    wrong = BARE.replace("port: 80", "port: '${label.p}'") % "targets: [%s]"
    many = ", ".join(f"{{target: h{n}, labels: {{p: x{n}}}}}" for n in range(50))
    assert [problem.message for problem in look(wrong % many).errors] == [
        f'expected a whole number, got "x{n}", for target "h{n}"' for n in range(3)
    ]


def test_targets_in_targets_are_refused(look: Look) -> None:
    found = look("services: {web: {targets: [a], checks: {c: {type: cpu, targets: [b]}}}}\n")
    assert _said(found) == [
        "tocsin.yaml:1:56: services.web.checks.c.targets: the service has targets as well, and ${target} can only mean one of them (make two services of it)"
    ]


def test_name_that_stands_already_is_refused(look: Look) -> None:
    found = look(
        "services: {web: {targets: [a], checks: {c: {type: cpu}}}, web-a: {checks: {c: {type: cpu}}}}\n"
    )
    assert [problem.message for problem in found.errors] == [
        '"a" would be called "web-a", and that name is given by hand'
    ]


def test_no_target_is_a_warning(look: Look) -> None:
    Path("none.json").write_text("[]")
    for targets in ("targets: []", "targets_file: none.json", "targets_file: 'none-*.json'"):
        found = look(BARE % targets)
        assert found.config is not None
        assert found.config.services == {}
        assert [problem.message for problem in found.warnings] == ["names no target: nothing is made of this"]


def test_route_to_what_has_no_target_just_now_does_not_become_a_route_for_all(look: Look) -> None:
    found = look("services: {web: {targets: [], checks: {c: {type: cpu}}}, a: {checks: {c: {type: cpu}}}}\n"
                 "maintenance: {night: {services: web, start: '02:00', duration: 1h}}\n")  # fmt: skip
    assert found.config is not None, _said(found)
    assert found.config.maintenance["night"].services == ("web",)


def test_files_of_targets_are_read_in_all_their_forms(look: Look) -> None:
    Path("targets").mkdir()
    group = {"targets": ["j1:9100", "j2"], "labels": {"site": "x", "sign": "\U0001f514"}}
    Path("targets/a.json").write_text(json.dumps([group, {"targets": []}]))
    Path("targets/b.yaml").write_text(
        "- targets: [y1]\n  labels: {site: y}\n- y2\n- {target: y3, id: three}\n"
    )
    Path("targets/c.txt").write_bytes(b"# hosts\r\nt1  # the first\r\n\r\nhttp://t2/#top\r\n")
    bare = "services:\n  web: {%s, checks: {c: {type: cpu}}}\n"
    found = look(bare % "targets: [own], targets_file: ['targets/*', targets/a.json]")
    assert [problem.message for problem in found.errors] == [
        'the target "j1:9100" stands twice',
        'the target "j2" stands twice',
    ]
    found = look(bare % "targets: [own], targets_file: 'targets/*'")
    assert _names(found) == [
        f"web-{end}" for end in ("own", "j1-9100", "j2", "y1", "y2", "three", "t1", "http-t2-top")
    ]
    assert found.config is not None
    assert found.config.services["web-j2"].labels == {"site": "x", "sign": "\U0001f514"}
    assert found.config.targets_files == ("targets/*",)


def test_path_of_a_file_of_targets_is_taken_from_the_file_that_names_it(look: Look) -> None:
    Path("conf.d").mkdir()
    Path("conf.d/web.yaml").write_text(BARE % "targets_file: hosts")
    Path("conf.d/hosts").write_text("a\n")
    found = look("include: conf.d/web.yaml\n")
    assert _names(found) == ["web-a"]
    assert found.config is not None
    assert found.config.targets_files == ("conf.d/hosts",)
    assert found.config.files == ("tocsin.yaml", "conf.d/web.yaml")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.json", '[{"targets": ["a"]', "t.json:2:1: is no valid YAML"),
        ("t.json", '[{"targets": ["a"], "targets": ["b"]}]', 't.json:1:21: 0.targets: the key "targets" stands twice, first at line 1'),
        ("t.json", '[{"targets": [\n"${env:HOME}"]}]', 't.json:2:1: 0.targets.0: "${env:HOME}" is no target: it holds ${, and references are not followed here'),
        ("t.json", '[{"targets": ["a"], "labels": {"x": [1]}}]', "t.json:1:37: 0.labels.x: a list is no label: it is no text"),
        ("t.json", '{"targets": ["a"]}', 't.json:1:1: expected a list of targets, got a mapping (write ["a", "b"], or [{"targets": ["a", "b"]}])'),
        ("t.json", "[" * 20_000, "t.json:1:51: 0.0.0.0.0.0: is nested deeper than 50 levels"),
        ("t.yaml", "- &a [x]\n- *a\n", "t.yaml:1:3: 0: expected a target, got a list (a target is a text, or {target: ..., id: ..., labels: {...}})"),
        ("t.txt", "a\n- targets: [b]\n", 't.txt:2:1: expected a target, got "- targets: [b]" (one target a line, or a file whose name ends in .yaml or .json)'),
        ("t.txt", "a\n  ${env:HOME} # x\n", 't.txt:2:3: 1: "${env:HOME}" is no target: it holds ${, and references are not followed here'),
        ("t.txt", "", "t.txt: is empty (was it cut short while it was saved?)"),
        ("t.txt", b"a\n\xff\n", "t.txt:2:1: is not UTF-8 text (save it as UTF-8)"),
        ("t.txt", "a\n" * 2_500_000, "t.txt: is larger than 4 MiB"),
        ("t.txt", "a\n" * 2_000_000, "t.txt:75001:1: holds more than 75,000 targets"),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_mistake_in_a_file_of_targets_is_named_with_its_line(
    look: Look, name: str, content: str | bytes, message: str
) -> None:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = _said(look(BARE % f"targets_file: {name}"))
    assert said[0].startswith(message)


def test_mistakes_are_listed_file_by_file(look: Look) -> None:
    for name in ("a.txt", "b.txt"):
        Path(name).write_text("${one}\n${two}\n")
    said = _said(look(BARE % "targets_file: [b.txt, a.txt]"))
    assert [line[:7] for line in said] == ["a.txt:1", "a.txt:2", "b.txt:1", "b.txt:2"]


def test_file_of_targets_that_is_none_is_said_to_be_none(look: Look) -> None:
    os.mkfifo("fifo")
    Path("folder").mkdir()
    found = look(BARE % "targets_file: [fifo, folder]")
    assert _said(found) == ["fifo: is not a regular file", "folder: is a directory"]


def test_only_files_of_targets_are_read_again_when_asked(look: Look) -> None:
    Path("conf.d").mkdir()
    Path("conf.d/hosts").write_text("a\n")
    Path("conf.d/web.yaml").write_text(BARE % "targets_file: hosts")
    first = look("include: [conf.d/*.yaml]\nservices: {own: {checks: {c: {type: cpu}}}}\n")
    assert _names(first) == ["own", "web-a"]
    Path("conf.d/hosts").write_text("a\nb\n")
    Path("conf.d/web.yaml").write_text("not: [for, anybody")
    Path("conf.d/more.yaml").write_text("services: {more: {checks: {c: {type: cpu}}}}\n")
    Path("tocsin.yaml").unlink()
    again = examine(Path("tocsin.yaml"), all_kinds(), texts=first.texts)
    assert _names(again) == ["own", "web-a", "web-b"]
    assert again.texts == first.texts
    assert first.config is not None and again.config is not None
    assert again.config.files == first.config.files
    assert again.config.services["own"] == first.config.services["own"]


def test_stamp_differs_when_a_file_of_targets_changes_comes_or_goes(tmp_path: Path) -> None:
    one, pattern = tmp_path / "one", str(tmp_path / "*.json")
    asked = (str(one), pattern)
    seen = [stamp(asked)]
    one.write_text("a")
    seen.append(stamp(asked))
    (tmp_path / "two.json").write_text("[]")
    seen.append(stamp(asked))
    (tmp_path / "new").write_text("b")
    (tmp_path / "new").replace(one)
    seen.append(stamp(asked))
    one.unlink()
    seen.append(stamp(asked))
    assert len(set(seen)) == 5
    assert stamp(asked) == stamp(asked)
    assert stamp(["/nowhere\0", str(tmp_path / "x" / "*")]) == (("/nowhere\0",),)


def test_what_targets_and_templates_make_has_an_end(look: Look) -> None:
    found = look(
        BARE % f"title: '{'x' * 20_000} ${{target}}', targets: [{', '.join(f'h{n}' for n in range(5000))}]"
    )
    assert [problem.message for problem in found.errors] == [
        "templates and targets make more than 1,000,000 values of what is written"
    ]
    checks = ", ".join(f"c{n}: {{type: cpu}}" for n in range(1000))
    services = "".join(f"  s{n}: {{use: host}}\n" for n in range(1000))
    found = look(f"templates: {{host: {{checks: {{{checks}}}}}}}\nservices:\n{services}")
    assert len(found.errors) == 1
    found = look("services:\n" + "".join(f"  s{n}: {{}}\n" for n in range(21_000)))
    assert [problem.message for problem in found.errors] == ["more than 20,000 services and checks"]


@given(st.sampled_from(["web", "w" * 63, "a-b"]), st.text(min_size=1))
def test_any_text_gives_a_valid_name_or_a_reason(name: str, text: str) -> None:
    ending = as_ending(text)
    if fault_of(text) is None and ending:
        made = made_name(name, ending)
        assert is_id(made)
        assert made.startswith(name[:54].rstrip("-_"))


@given(st.text(min_size=55, max_size=80, alphabet="ab"), st.text(min_size=55, max_size=80, alphabet="ab"))
def test_long_names_that_are_cut_stay_apart(one: str, other: str) -> None:
    assert (made_name("web", one) == made_name("web", other)) == (one == other)


PIECES = st.lists(
    st.sampled_from(["$", "{", "}", "env:", "file:", "HOME", "a", "${target}", "${label.x}", "${env:OWN}"])
)
WORDS = st.lists(st.sampled_from(["$", "{", "}", "{env:HOME}", "env:HOME", "file:", "/etc/passwd", "a"])).map(
    "".join
)


@given(PIECES.map("".join), WORDS, WORDS)
def test_target_never_becomes_part_of_a_reference(text: str, target: str, label: str) -> None:
    labels = Block()
    labels["x"] = label
    block = Block()
    block["down"] = text
    words = Target(target, "a", labels, ("f", 1, 1)).words
    try:
        filled = Form(block).filled(words)["down"]
    except Unfit:
        return
    before = [
        one
        for piece in text.replace("${label.x}", "${target}").split("${target}")
        for one in references(piece)
    ]
    assert references(filled) == before


def test_reference_made_of_a_target_is_a_mistake(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "leaked")
    targets = "[{target: '{env:LEAK}', id: a, labels: {k: K}}, {target: 'env:LEAK', id: b, labels: {k: K}}]"
    for text in ("$${target}", "${${target}}", "${env:LEA${label.k}}"):
        found = look(
            f"services: {{web: {{title: '{text}', targets: {targets}, checks: {{c: {{type: cpu}}}}}}}}\n"
        )
        assert found.config is None
        assert any("would refer to something" in problem.message for problem in found.errors)
        assert "leaked" not in "".join(_said(found))


def test_lists_are_filled_in_and_what_is_shared_stays_shared() -> None:
    inner = Block()
    inner["a"] = "b"
    items = Listing()
    items.extend(["x", "${target}", inner])
    items.places = [("f", 1, 1, 1, 1)] * 3
    block = Block()
    block.write("list", items, ("f", 1, 1, 1, 1))
    made = Form(block).filled({"target": "t"})
    assert made["list"] == ["x", "t", {"a": "b"}]
    assert made["list"][2] is inner
    assert block["list"][1] == "${target}"
