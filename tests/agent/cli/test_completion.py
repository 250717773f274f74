"""The completion script, read by a real bash, offers what fits."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SCRIPT = """
source <(tocsin completion bash)
COMP_WORDS=({words}); COMP_CWORD={last}
_tocsin_completion tocsin
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
CONFIG = """
services:
  shop: {checks: {home: {type: tcp, host: localhost, port: 80}, mail: {type: tcp, host: localhost, port: 25}}}
  shed: {checks: {door: {type: cpu}}}
"""


@pytest.fixture
def offered(tmp_path: Path, program: Callable[[str, str], Path]) -> Callable[..., list[str]]:
    """What bash would offer after these words, the last of which is being typed."""
    bash = program("bash", "bash")
    commands = Path(sys.executable).parent

    def ask(*words: str) -> list[str]:
        script = SCRIPT.format(words=shlex.join(["tocsin", *words]), last=len(words))
        ended = subprocess.run(
            [bash, "--norc", "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            cwd=tmp_path,
            env={"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        )
        assert ended.stderr == ""
        return ended.stdout.split()

    return ask


def test_commands_and_options_are_offered(offered: Callable[..., list[str]]) -> None:
    assert offered("sche") == ["schema"]
    assert {"--config", "--json"} <= set(offered("validate", "--"))


def test_kinds_are_offered(offered: Callable[..., list[str]]) -> None:
    assert offered("checks", "show", "m") == ["memory", "metrics"]


def test_services_are_offered_and_then_their_checks(
    offered: Callable[..., list[str]], tmp_path: Path
) -> None:
    (tmp_path / "here.yaml").write_text(CONFIG)
    assert offered("--config", "here.yaml", "check", "sh") == ["shop", "shed"]
    assert offered("check", "--config", "here.yaml", "shop.") == ["shop.home", "shop.mail"]


@pytest.mark.parametrize("text", [None, "services: {", "services: {shop: {checks: {c: {type: nothing}}}}"])
def test_a_configuration_that_cannot_be_used_offers_nothing_and_says_nothing(
    text: str | None, offered: Callable[..., list[str]], tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "here.yaml").write_text(text)
    assert offered("check", "--config", "here.yaml", "sh") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str, tocsin: Run) -> None:
    ended = tocsin("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert "_TOCSIN_COMPLETE=complete_" + shell in ended.out


def test_another_shell_is_wrong_usage(tocsin: Run) -> None:
    ended = tocsin("completion", "csh")
    assert (ended.code, ended.out) == (64, "")
    assert "'csh' is not one of 'bash', 'zsh', 'fish'" in ended.err
