"""Unit: the options an operator may set."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from checks.base import Spec
from checks.text import visible
from config.units import HOUR, MINUTE, duration_between

# What systemd allows in names, and what its programs take for a pattern.
_UNIT = re.compile(r"(?!-(?!\.))[A-Za-z0-9:_.\\@*?\[\]-]{1,255}")
_KINDS = frozenset(
    ["service", "socket", "target", "timer", "mount", "automount", "swap", "path", "slice", "scope", "device"]
)  # systemd.unit(5)
ALL = "all"


def _unit(text: str) -> str:
    if not _UNIT.fullmatch(text):
        raise ValueError(
            f'expected a unit like nginx.service, or a pattern of names, got "{visible(text, 60)}"'
        )
    if text == ALL or text.rpartition(".")[2] in _KINDS or text.endswith("*"):
        return text
    return f"{text}.service"


class SystemdUnitSpec(Spec):
    """Which units."""

    unit: Annotated[str, AfterValidator(_unit)] = Field(
        description="a unit (`.service` may be left out), a pattern of names such as `app@*.service`, or `all`",
        examples=["nginx.service"],
    )
    grace: Annotated[float, duration_between(0, 31 * 24 * HOUR)] = Field(
        MINUTE, description="how much later than planned a timer may fire", examples=["10m"]
    )

    @property
    def is_pattern(self) -> bool:
        return not set(self.unit).isdisjoint("*?[")
