"""Access logs: the options an operator may set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from checks.access_log.formats import reader
from checks.access_log.slices import OTHER
from checks.access_log.tally import first_segment
from checks.base import Spec
from checks.paths import AbsolutePath
from config.conditions.patterns import glob
from config.field_types import TextOrList
from config.units import DAY, duration_between

_DEEPEST = 8
_MOST_GROUPS = 100


def _format(text: str) -> str:
    if text != "auto":
        reader(text)
    return text


def _host(text: str) -> str:
    """As the log has it: in small letters, without the port."""
    name = text.strip().lower().rstrip(".")
    if not name or any(mark.isspace() or mark in "/\0" for mark in name):
        raise ValueError(f'expected a virtual host like shop.example.org, got "{text[:60]}"')
    glob(name)
    return name


def _grouping(value: Any) -> Any:
    """`2`, `host`, `/api/*` or a list of such patterns."""
    if isinstance(value, bool) or not isinstance(value, (int, str, list, tuple)):
        raise ValueError("expected a number of path segments, host, or patterns like /api/*")
    if value == "host":
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, int):
        if not 1 <= value <= _DEEPEST:
            raise ValueError(f"a path is told by its first 1 to {_DEEPEST} segments")
        return value
    return _patterns([value] if isinstance(value, str) else value)


def _patterns(listed: Any) -> tuple[str, ...]:
    if not 0 < len(listed) <= _MOST_GROUPS:
        raise ValueError(f"expected 1 to {_MOST_GROUPS} patterns like /api/*")
    for each in listed:
        if not isinstance(each, str) or each[:1] not in ("/", "*"):
            raise ValueError(
                f'expected host, a number, or a path pattern like /api/*, got "{str(each)[:60]}"'
            )
        glob(each)
    return tuple(listed)


Host = Annotated[str, AfterValidator(_host)]
Format = Annotated[str, AfterValidator(_format), Field(max_length=4096)]
Grouping = Annotated[
    int | str | tuple[str, ...], BeforeValidator(_grouping, json_schema_input_type=int | str | list[str])
]


class AccessLogSpec(Spec):
    """Which logs, which requests in them, over what time."""

    path: Annotated[tuple[AbsolutePath, ...], TextOrList, Field(min_length=1)] = Field(
        description="the log, or several, by name or pattern (`*`, `?`)",
        examples=["/var/log/nginx/*access.log"],
    )
    format: Format = Field(
        "auto",
        description="what a line looks like: a name that `tocsin logs try` knows, an nginx log_format, an Apache "
        "LogFormat, or an RE2 pattern with named groups; auto tells it from the lines of each file",
        examples=["combined"],
    )
    window: Annotated[float, duration_between(10.0, DAY)] = Field(
        300.0, description="over what time the requests are counted, 10s to 1d", examples=["5m"]
    )
    min_requests: Annotated[int, Field(ge=1, le=10**9)] = Field(
        1,
        description="with fewer requests in the window shares and latencies are absent, so that no condition on "
        "them is true; counts are always there",
        examples=[50],
    )
    group_by: Grouping = Field(
        1,
        description="how requests are grouped to find the worst group: by so many first segments of the path, by "
        "`host`, or by the first of these path patterns that fits",
        examples=[["/api/*", "/checkout/*"]],
    )
    hosts: Annotated[tuple[Host, ...], TextOrList] = Field(
        (),
        description="count only requests to these virtual hosts (`*` stands for any characters); the log must name "
        "them",
        examples=["shop.example.org"],
    )


def group_of(grouping: int | str | tuple[str, ...]) -> Callable[[str], str]:
    """Which group a path belongs to; for groups by host that does not matter."""
    if isinstance(grouping, tuple):
        patterns = [(each, glob(each)) for each in grouping]
        return lambda path: next(
            (name for name, each in patterns if each.found_in(path.encode("utf-8", "replace"))), OTHER
        )
    depth = grouping if isinstance(grouping, int) else 1
    if depth == 1:
        return first_segment
    return lambda path: "/".join(path.split("/", depth + 1)[: depth + 1]) if path[:1] == "/" else OTHER
