"""Where `tocsin service install` has put it, each shell finds the completion by itself when TAB is pressed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.daemon import tocsin

Program = Callable[[str, str], Path]
BASH = """
. /usr/share/bash-completion/bash_completion
# The second is what older ones call it.
if declare -F _comp_load >/dev/null; then _comp_load tocsin; else _completion_loader tocsin; fi
COMP_WORDS=(tocsin checks show mem) COMP_CWORD=3
_tocsin_completion tocsin
echo "${COMPREPLY[@]}"
"""
FISH = 'complete -C "tocsin checks show mem"'
# A person at a terminal: the line is typed, and TAB.
ZSH = r"""
zmodload zsh/zpty
zpty person 'FPATH=$SHARE/zsh/site-functions:$FPATH TERM=dumb zsh -f -i'
zpty -w person 'autoload -U compinit; compinit -u -D; print READ''Y'
zpty -r -m person line '*READY*'
zpty -w -n person $'tocsin checks show mem\t'
zpty -r -m person line '*memory*'
print -r -- "$line"
zpty -d person
"""


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., str]:
    """What a shell prints that knows only what was installed."""
    assert tocsin("service", "install", "--root", str(tmp_path)).code == 0
    share = tmp_path / "usr" / "local" / "share"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean = {"PATH": path, "HOME": str(tmp_path), "XDG_DATA_DIRS": str(share), "SHARE": str(share)}
    if "PYTHONPATH" in os.environ:
        clean["PYTHONPATH"] = os.environ["PYTHONPATH"]

    def answer(shell: Path, *options: str) -> str:
        done = subprocess.run(
            [shell, *options], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path, env=clean
        )
        return done.stdout

    return answer


def test_bash_finds_it(ask: Callable[..., str], program: Program) -> None:
    if not Path("/usr/share/bash-completion/bash_completion").exists():
        pytest.skip("bash-completion is not installed: apt-get install bash-completion")
    assert ask(program("bash", "bash"), "--norc", "-c", BASH).split() == ["memory"]


def test_fish_finds_it(ask: Callable[..., str], program: Program) -> None:
    assert ask(program("fish", "fish"), "-c", FISH).split()[:1] == ["memory"]


def test_zsh_finds_it(ask: Callable[..., str], program: Program) -> None:
    assert "tocsin checks show memory" in ask(program("zsh", "zsh"), "-f", "-c", ZSH)
