"""tocsin(1): the formatter has nothing to say about it, and it says what the commands say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli.manual import manual
from agent.cli.reference import commands, names, shown, usage


@pytest.fixture(scope="module")
def read(program: Callable[[str, str], Path]) -> str:
    """As it stands on a wide terminal, without the marks for bold."""
    groff = program("groff", "groff-base")
    done = subprocess.run(
        [groff, "-k", "-man", "-ww", "-P-c", "-Tutf8", "-rLL=1000n"],
        input=manual(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return re.sub(r".\x08", "", done.stdout)


def test_every_command_and_option_is_in_it(read: str) -> None:
    text = " \n".join(["", *(" ".join(line.split()) for line in read.splitlines())])
    for name, command in commands():
        assert f"\n{name} \n{usage(name, command)} \n" in text
        for each in shown(command):
            assert f"\n{names(each)} " in text


def test_what_the_commands_say_is_in_it(read: str) -> None:
    text = " ".join(read.split())
    for _, command in commands():
        assert " ".join((command.help or "").split()) in text


def test_nothing_in_it_is_a_request(read: str) -> None:
    assert "tocsin completion bash > /etc/bash_completion.d/tocsin" in read
    assert "\\" not in read
