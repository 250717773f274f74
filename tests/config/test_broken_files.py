"""Files that are no configuration at all: one short sentence each, quickly, and never more memory than the file."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import Loaded, examine
from config.nodes import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

Look = Callable[[str | bytes], Loaded]

_LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 20)
)
_QUOTES = "a text that holds ': ' or ' #', or starts with a sign such as % @ * & ! { [, wants \"quotes\""
_TOO_MUCH = "holds more than 75,000 values, those of an alias counted each time it is used"
_SPLIT = "use templates: for what repeats, include: for what is long"

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "billion laughs": (_LAUGHS, f"5:35: a4.5: {_TOO_MUCH} ({_SPLIT})"),
    "20,000 brackets": ("services: " + "[" * 20_000, "1:60: services.0.0.0.0.0: is nested deeper than 50 levels"),
    "20,000 braces": ("services: " + "{a: " * 20_000, "1:207: services.a.a.a.a.a: is nested deeper than 50 levels"),
    "endless indentation": ("".join(f"{' ' * n}k:\n" for n in range(60)), "51:51: k.k.k.k.k.k: is nested deeper than 50 levels"),
    "10 MB of keys": ("".join(f"key-{n:08}:\n" for n in range(720_000)), "is larger than 4 MiB (split it with include:)"),
    "many empty lists": ("services: [" + "[]," * 200_000 + "]", f"1:225006: services.74998: {_TOO_MUCH} ({_SPLIT})"),
    "just below 4 MiB of keys": ("".join(f"key-{n:08}:\n" for n in range(299_000)), f"75000:14: key-00074999: {_TOO_MUCH} ({_SPLIT})"),
    "tag lines without end": ("".join(f"%TAG !a{n}! b\n" for n in range(200_000)) + "--- a\n", "21:1: holds more than 20 %TAG lines (remove them: tags are not supported)"),
    "zero bytes": (bytes(range(256)) * 10, "1:1: is not a text file: it holds a zero byte"),
    "UTF-16": ("services: {}".encode("utf-16"), "1:1: is UTF-16 (save it as UTF-8)"),
    "UTF-16 without its mark": ("services: {}".encode("utf-16-le"), "1:2: is not a text file: it holds a zero byte"),
    "Latin-1": ("services:\n  café: {}\n".encode("latin-1"), "2:6: is not UTF-8 text (save it as UTF-8)"),
    "control characters": ("services: {}\n# \a\n", "2:3: is no valid YAML: holds a control character (remove it)"),
    "tabs": ("services:\n\ta: {}\n", "2:1: is no valid YAML: a line is indented with a tab (YAML indents with spaces)"),
    "two documents": ("services: {}\n---\nservices: {}\n", "2:1: holds a second document (one file, one document: remove the ---)"),
    "a list": ("- services\n", "1:1: expected sections, got a list (a configuration begins with a section such as services:)"),
    "a word": ("hello\n", '1:1: expected sections, got "hello" (a configuration begins with a section such as services:)'),
    "a dangerous tag": ("services: !!python/object/apply:os.system [id]\n", "1:11: services: tags like !!python/object/apply:os.system are not supported (leave it out: whatever stands there is read as text)"),
    "a harmless tag": ("agent: {id: !!int 5}\n", "1:13: agent.id: tags like !!int are not supported (leave it out: whatever stands there is read as text)"),
    "an alias of itself": ("services: &a {b: *a}\n", "1:18: services.b: no &a is complete before this *a (a text that begins with * wants \"quotes\")"),
    "an alias as a key": ("agent: {id: &x y, *x : 3}\n", "1:19: agent: a key must be a plain text, not an alias"),
    "a list as a key": ("services: {[a]: b}\n", '1:12: services: a key must be a plain text (a value that starts with { or [ wants "quotes")'),
    "a template of another tool": ("services: {a: {{ name }}}\n", '1:16: services.a: a key must be a plain text (a value that starts with { or [ wants "quotes")'),
    "a merge of a text": ("services: {a: {<<: b}}\n", "1:20: services.a: <<: wants a mapping, or a list of mappings (such as <<: *name)"),
    "an open quote": ('services: {a: "x\n', "1:15: is no valid YAML: the file ends inside quotes (a closing quote is missing)"),
    "a colon too many": ("services:\n  a:\n    title: foo: bar\n", f"3:15: is no valid YAML: a colon stands where no key can ({_QUOTES})"),
    "a percent sign": ("services:\n  a:\n    title: %foo\n", f"3:12: is no valid YAML: a text cannot begin with this sign ({_QUOTES})"),
    "a bare star": ("include: *.yaml\n", f"1:11: is no valid YAML: a name is missing after * or & ({_QUOTES})"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_ends_in_one_short_error(look: Look, name: str) -> None:
    content, expected = BROKEN[name]
    found = look(content)
    place = "tocsin.yaml: " if expected.startswith("is larger") else "tocsin.yaml:"
    assert [str(problem) for problem in found.errors] == [place + expected]
    assert found.config is None


def test_memory_stays_flat_while_a_bomb_is_refused(look: Look) -> None:
    tracemalloc.start()
    try:
        look(_LAUGHS)
        look("services: " + "[" * 1_000_000)
        look("".join(f"key-{n:08}:\n" for n in range(299_000)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024 * 1024


@pytest.mark.parametrize("content", ["services:\n", "services: {}\n", "# nothing yet\nagent: {id: a}\n"])
def test_file_without_services_is_allowed_and_warned_of(look: Look, content: str) -> None:
    found = look(content)
    assert found.config is not None
    assert [problem.message for problem in found.warnings] == [
        "no service is defined: nothing will be looked at"
    ]


@pytest.mark.parametrize("content", ["", " \n\n", "\ufeff"])
def test_file_that_was_cut_short_does_not_end_all_watching(look: Look, content: str) -> None:
    assert [str(problem) for problem in look(content).errors] == [
        "tocsin.yaml: is empty (was it cut short while it was saved?)"
    ]


@pytest.mark.parametrize("content", ["# nothing yet\n", "---\n", "~\n"])
def test_file_without_a_section_is_no_configuration(look: Look, content: str) -> None:
    assert [problem.message for problem in look(content).errors] == ["holds no section, only comments"]


def test_byte_order_mark_and_dos_line_ends_do_no_harm(look: Look) -> None:
    found = look("\ufeffservices:\r\n  a:\r\n    checks: {c: {type: cpu}}\r\n    title: x\r\n".encode())
    assert found.errors == []
    assert found.config is not None
    assert found.config.services["a"].title == "x"


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    expected = {
        tmp_path: f"is a directory (name a file in it, or include: [{tmp_path.name}/*.yaml])",
        tmp_path / "fifo": "is not a regular file",
        tmp_path / "missing": "no such file",
        tmp_path / "loop": "cannot be read: Too many levels of symbolic links",
        Path("/dev/zero"): "is not a regular file",
    }
    for path, reason in expected.items():
        assert [str(problem) for problem in examine(path, all_kinds()).errors] == [f"{path}: {reason}"]


def test_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text("services: {}\n")
    path.chmod(0)
    with _as_nobody():
        (problem,) = examine(path, all_kinds()).errors
    assert problem.message == "cannot be read: Permission denied"


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@#,?~ \n\t\\<0", max_size=60))
def test_any_text_is_a_tree_or_one_error_with_a_place(text: str) -> None:
    try:
        parse(text, "f")
    except ConfigError as error:
        assert error.problems[-1].line >= 1
        assert error.problems[-1].column >= 1


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Root may read everything: be somebody else for a moment."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
