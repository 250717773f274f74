"""Command: the options an operator may set."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from checks.base import Spec
from checks.text import visible
from config.secrets import Secret
from config.units import Size

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_A_SHELL = re.compile(r"[|&;<>`$*?~]")
# Less would not even hold what starts it.
_LEAST = 32 * 1024.0**2


def _argv(value: Any) -> Any:
    """A text would need a shell to take it apart, and none is started."""
    if isinstance(value, str):
        raise ValueError(f"expected a list, as no shell is started (write command: {_as_list(value)})")
    return value


def _as_list(text: str) -> str:
    try:
        words = ["sh", "-c", text] if _OF_A_SHELL.search(text) else shlex.split(text)
    except ValueError:
        words = text.split()
    shown = ", ".join(f'"{word}"' if '"' not in word else f"'{word}'" for word in words)
    return visible(f"[{shown}]", 300)


def _runnable(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv or not argv[0]:
        raise ValueError("names no program: write its path first, then each argument")
    if any("\0" in word for word in argv):
        raise ValueError("no argument can hold a NUL character")
    return argv


def _directory(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f'expected a path from the root like /var/tmp, got "{visible(path, 60)}"')
    return path


def _variables(env: Mapping[str, Secret]) -> Mapping[str, Secret]:
    for name in env:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f'"{visible(name, 60)}" cannot name a variable: letters, digits and _, no digit first'
            )
    return env


def _enough(size: float) -> float:
    if size < _LEAST:
        raise ValueError("is too little for any program (at least 32MiB)")
    return size


class CommandLimits(Spec):
    """What a program may take. What takes more is ended, or is refused it."""

    memory: Annotated[Size, AfterValidator(_enough)] = Field(
        1024.0**3, description="memory of each of its processes (RLIMIT_DATA)", examples=["512MiB"]
    )
    processes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="processes at one time; one that starts more is ended", examples=[20]
    )
    file_size: Size = Field(
        1024.0**3, description="size of a file it writes (RLIMIT_FSIZE)", examples=["100MiB"]
    )


class CommandSpec(Spec):
    """Which program, and how to read what it says."""

    command: Annotated[
        tuple[str, ...], BeforeValidator(_argv, json_schema_input_type=list[str]), AfterValidator(_runnable)
    ] = Field(
        description="the program and each of its arguments; no shell is started. A bare name is looked for in "
        "the usual directories and in those of monitoring plugins",
        examples=[["/usr/lib/nagios/plugins/check_load", "-w", "5,4,3", "-c", "10,8,6"]],
    )
    format: Literal["nagios", "exit"] = Field(
        "nagios",
        description="`nagios`: a monitoring plugin, with exit codes 0 to 3 and performance data; "
        "`exit`: any program, where 0 is ok and all else is down",
    )
    env: Annotated[Mapping[str, Secret], AfterValidator(_variables)] = Field(
        {},
        description="variables it is given beside PATH, HOME, LANG and LC_ALL; they may refer to secrets",
        examples=[{"PGPASSWORD": "${credential:shop-db}"}],
    )
    cwd: Annotated[str, AfterValidator(_directory)] = Field(
        "/", description="the directory it is started in", examples=["/var/lib/backup"]
    )
    limits: CommandLimits = Field(CommandLimits(), description="what it may take")
