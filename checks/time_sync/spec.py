"""Time: the options an operator may set."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from checks.base import Spec
from checks.resolver import literal
from checks.text import visible
from config.field_types import TextOrList

_PORT = 123
_MOST_SERVERS = 16
_FORM = re.compile(
    r"(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:\[\]/@\x00-\x1f\x7f]+))(?::([0-9]{1,5}))?|([0-9a-fA-F:.]+)"
)


def taken_apart(server: str) -> tuple[str, int]:
    """Host and port of a server as the option has it."""
    found = _FORM.fullmatch(server)
    assert found is not None  # the option's own rule
    return found[1] or found[2] or found[4], int(found[3] or _PORT)


def _server(text: str) -> str:
    found = _FORM.fullmatch(text)
    if found is None or len(text) > 255 or not _can_be_asked(found):
        raise ValueError(
            f'expected a server like ntp.example.org or 192.0.2.1:123, got "{visible(text, 60)}"'
        )
    return text


def _can_be_asked(found: re.Match[str]) -> bool:
    """Whether the port is one, and what must be an address as well."""
    address = found[1] or found[4]
    return 0 < int(found[3] or _PORT) <= 65535 and (address is None or literal(address) is not None)


class TimeSyncSpec(Spec):
    """Whose time to compare with."""

    servers: Annotated[
        tuple[Annotated[str, AfterValidator(_server)], ...], TextOrList, Field(max_length=_MOST_SERVERS)
    ] = Field(
        (),
        description="NTP servers to compare with, best three or more: names or addresses, with `:port` if it is "
        "not 123; none asks only the kernel",
        examples=[["0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org"]],
    )
