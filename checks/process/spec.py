"""Process: the options an operator may set."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from checks.base import Spec
from checks.paths import AbsolutePath
from config.conditions.patterns import regex

_LONGEST_NAME = 255


def _searchable(text: str) -> str:
    if not text:
        raise ValueError("wants a pattern (leave the line out for any command line)")
    regex(text)
    return text


def _name(text: str) -> str:
    if not text or text.startswith("/") or "\0" in text:
        raise ValueError("expected a name as `ps -e` shows it, like nginx (a path goes into command_line:)")
    return text


class ProcessSpec(Spec):
    """Which processes: all that is given must fit."""

    name: Annotated[str, AfterValidator(_name), Field(max_length=_LONGEST_NAME)] | None = Field(
        None,
        description="the process's name, as `ps -e` shows it; what the kernel cuts off after 15 bytes is looked for "
        "in the command line",
        examples=["nginx"],
    )
    user: Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)] | None = Field(
        None, description="the user that it runs as: name or number", examples=["www-data"]
    )
    command_line: Annotated[str, AfterValidator(_searchable)] | None = Field(
        None,
        description="RE2 pattern to be found in the command line, whose words are joined by single blanks",
        examples=["java .*-jar /opt/shop/"],
    )
    pid_file: AbsolutePath | None = Field(
        None, description="file that holds the process's number", examples=["/run/nginx.pid"]
    )

    @model_validator(mode="after")
    def _says_which(self) -> ProcessSpec:
        if (self.name or self.user or self.command_line or self.pid_file) is None:
            raise ValueError("wants at least one of name:, user:, command_line: and pid_file:")
        return self
