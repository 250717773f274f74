"""`tocsin init` writes one valid file, whole, and never over another unless told to."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.survey.new_file import write_new, write_over

Run = Callable[..., Any]
OWN_GROUP = grp.getgrgid(os.getegid()).gr_name


def _left(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_is_written_validates_and_the_next_steps_are_said(tocsin: Run, tmp_path: Path) -> None:
    ended = tocsin("init")
    assert ended.code == 0
    assert ended.out.startswith("wrote tocsin.yaml\n")
    for command in ("check", "doctor"):
        assert f"tocsin {command} --config tocsin.yaml" in ended.out
    assert ended.err.startswith("file systems: ")
    assert _left(tmp_path) == ["tocsin.yaml"]
    validated = tocsin("validate", "--json").document
    assert (validated["ok"], validated["errors"], validated["warnings"]) == (True, [], [])


def test_only_owner_and_group_may_read_it(tocsin: Run, tmp_path: Path) -> None:
    tocsin("init")
    assert stat.S_IMODE((tmp_path / "tocsin.yaml").stat().st_mode) == 0o640


@pytest.mark.parametrize("kind", ["file", "directory", "broken link"])
def test_what_is_there_is_left_alone(kind: str, tocsin: Run, tmp_path: Path) -> None:
    target = tmp_path / "tocsin.yaml"
    if kind == "file":
        target.write_text("mine")
    elif kind == "directory":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    ended = tocsin("init")
    assert (ended.code, ended.out) == (64, "")
    assert (
        ended.err
        == "tocsin: tocsin.yaml exists already (replace it with --force, or name another with --output)\n"
    )
    assert _left(tmp_path) == ["tocsin.yaml"]
    assert kind != "file" or target.read_text() == "mine"


def test_force_replaces_it(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text("mine")
    assert tocsin("init", "--force").code == 0
    assert "services:" in (tmp_path / "tocsin.yaml").read_text()
    assert _left(tmp_path) == ["tocsin.yaml"]


def test_stdout_holds_the_file_alone_and_nothing_is_written(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text("mine")
    ended = tocsin("init", "--stdout")
    assert ended.code == 0
    assert ended.out.startswith("# Made by `tocsin init`")
    assert (tmp_path / "tocsin.yaml").read_text() == "mine"
    (tmp_path / "piped.yaml").write_text(ended.out)
    assert tocsin("validate", "--config", "piped.yaml").code == 0


@pytest.mark.parametrize(
    "words",
    [("init", "-o", "a b.yaml"), ("init", "--config", "a b.yaml"), ("-c", "a b.yaml", "init")],
    ids=str,
)
def test_another_place_can_be_named(words: tuple[str, ...], tocsin: Run, tmp_path: Path) -> None:
    ended = tocsin(*words)
    assert (ended.code, _left(tmp_path)) == (0, ["a b.yaml"])
    assert "tocsin check --config 'a b.yaml'" in ended.out


def test_the_environment_names_the_place_as_for_other_commands(
    tocsin: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CONFIG", "other.yaml")
    assert (tocsin("init").code, _left(tmp_path)) == (0, ["other.yaml"])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("gone/tocsin.yaml", "no such file or directory"),
        ("/proc/tocsin.yaml", "no such file or directory"),
        ("x" * 300, "file name too long"),
    ],
    ids=["no directory", "no place for files", "too long"],
)
def test_a_place_that_cannot_be_written_is_said_in_one_line(target: str, reason: str, tocsin: Run) -> None:
    ended = tocsin("init", "--output", target)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.splitlines()[-1] == f"tocsin: {target}: cannot be written: {reason}"


def test_force_does_not_replace_a_directory(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").mkdir()
    ended = tocsin("init", "--force")
    assert (ended.code, _left(tmp_path)) == (64, ["tocsin.yaml"])
    assert ended.err.endswith("tocsin.yaml: cannot be written: is a directory\n")


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "tocsin.yaml"
    write_new(target, "first", group=OWN_GROUP)
    with pytest.raises(FileExistsError):
        write_new(target, "second", group=OWN_GROUP)
    assert (target.read_text(), _left(tmp_path)) == ("first", ["tocsin.yaml"])
    write_over(target, "third", group="no-such-group")
    assert (target.read_text(), _left(tmp_path)) == ("third", ["tocsin.yaml"])
