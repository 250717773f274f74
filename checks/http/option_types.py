"""HTTP: what its options are made of: addresses, statuses, names of headers, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from checks.http.address import proxy_target, target, with_scheme

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONGEST_SOCKET = 107  # bytes; the system's own limit for the path of a socket


def web_address(text: str) -> str:
    """The address with its scheme. Raises ValueError with the remedy."""
    _look_at_scheme(text)
    address = with_scheme(text)
    target(address)
    return address


def _proxy_address(text: str) -> str:
    _look_at_scheme(text)
    address = with_scheme(text)
    proxy_target(address)
    return address


def _look_at_scheme(text: str) -> None:
    if "://" not in text and "@" in text.partition("/")[0]:
        raise ValueError("is no web address: write the scheme (https://) before a user name")
    if found := re.match(r"(https?):/?(?!/)", text, re.IGNORECASE):
        rest = text[found.end() :].partition("/")[0]
        if not rest.isdigit():  # http:8080 is a host named http
            raise ValueError(f"is no web address (write {found[1].lower()}:// before the host)")


def _status_ranges(value: Any) -> Any:
    """`200`, `200..299`, `[200, 204, 300..399]` -> ((200, 200), …)."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    if not listed:
        raise ValueError("wants at least one status (leave it out for 200..299)")
    return tuple(item if isinstance(item, tuple) else _status_range(str(item)) for item in listed)


def _status_range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d{3})\s*(?:\.\.\s*(\d{3})\s*)?", text)
    if not found:
        raise ValueError(f'expected a status like 200 or a range like 200..299, got "{text[:40]}"')
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise ValueError(f"the range {first}..{last} is empty")
    return first, last


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f'"{name[:40]}" is no header name')
    return name


def look_at_packing(header: str, compression: str) -> None:
    """An Accept-Encoding of the operator's own must not refuse what `compression` asks for. Raises ValueError."""
    wanted = {compression.replace("none", "identity"), "*"}
    parts = [re.sub(r"\s", "", part).lower().partition(";") for part in header.split(",")]
    taken = {name for name, _, weight in parts if not re.fullmatch(r"q=0(\.0*)?", weight)}
    if compression != "auto" and not wanted & taken:
        raise ValueError(
            f"Accept-Encoding in headers: does not take compression: {compression}; leave one out"
        )


def existing_file(path: str) -> str:
    """The path of a plain file, which opens without waiting for anybody. Raises ValueError with the remedy."""
    try:
        there = Path(path).is_file()
    except PermissionError:
        raise ValueError(
            f"{path} may not be looked at by this user (let it pass the directories above)"
        ) from None
    if not there:
        raise ValueError(f"no such file: {path}")
    return path


def _socket_path(path: str) -> str:
    """The socket itself may come and go with its server."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f'expected a path from the root, such as /run/docker.sock, got "{path[:60]}"')
    if len(path.encode()) > _LONGEST_SOCKET:
        raise ValueError(f"is longer than {_LONGEST_SOCKET} bytes, which no socket's path can be")
    return path


def _host(name: str) -> str:
    bare = name.strip("[]")
    return target(f"http://[{bare}]/" if ":" in bare else f"http://{bare}/").host


File = Annotated[str, AfterValidator(existing_file)]
SocketPath = Annotated[str, AfterValidator(_socket_path)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(web_address)]
ProxyAddress = Annotated[str, AfterValidator(_proxy_address)]
StatusRanges = Annotated[
    tuple[tuple[int, int], ...], BeforeValidator(_status_ranges, json_schema_input_type=str | list[str])
]
