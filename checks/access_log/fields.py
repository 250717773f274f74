"""What single fields of an access log mean: statuses, sizes, durations, addresses, targets."""

from __future__ import annotations

from collections.abc import Mapping

# A request without one of these was not answered, and is no request that a rate could count.
STATUSES: Mapping[str, int] = {str(number): number for number in range(100, 600)}
FAILED = 500  # from here on it is the server that fails; what is less is answered, or the client's doing
_IN_ADDRESS = frozenset("0123456789abcdefABCDEF:.[]%")
# Longest first: `ms` also ends in `s`.
_UNITS = (
    ("msecs", 1e-3), ("msec", 1e-3), ("micros", 1e-6), ("nanos", 1e-9), ("secs", 1.0), ("sec", 1.0),
    ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ns", 1e-9), ("s", 1.0),
)  # fmt: skip
_LONGEST = 1e6  # a request of more than eleven days is a mistake
_LARGEST = 1 << 62


def size(text: str) -> int | None:
    """Bytes; None for `-` and nonsense."""
    if text.isdigit() and text.isascii() and len(text) < 19:
        return int(text)
    return None


def whole(number: object) -> int | None:
    """Bytes as JSON holds them, a number or text."""
    if isinstance(number, str):
        return size(number)
    if isinstance(number, (int, float)) and not isinstance(number, bool) and 0 <= number < _LARGEST:
        return int(number)
    return None


def seconds(text: str, unit: float = 1.0) -> float | None:
    """A duration: a number in `unit` seconds, or with its unit behind (`12ms`, `1.5s`, `340µs`).

    Several values (`0.002, 0.010` or `0.002 : 0.010`, as nginx writes for several upstreams) are added up.
    """
    if "," in text or " : " in text:
        values = [seconds(part.strip(), unit) for part in text[:200].replace(" : ", ",").split(",")]
        known = [value for value in values if value is not None]
        return sum(known) if known else None
    for name, worth in _UNITS:
        if text.endswith(name):
            text, unit = text[: -len(name)].rstrip(), worth
            break
    try:
        value = float(text) * unit
    except ValueError:
        return None
    return value if 0 <= value <= _LONGEST else None


def duration(value: object, unit: float = 1.0) -> float | None:
    """The same as JSON holds it, a number or text."""
    if isinstance(value, str):
        return seconds(value, unit)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value * unit <= _LONGEST:
        return value * unit
    return None


def is_address(text: str) -> bool:
    """Whether the text is written as an IP address, with or without a port."""
    return ("." in text or ":" in text) and _IN_ADDRESS.issuperset(text) and text[:1] != "."


def address(text: str) -> str | None:
    """A client without its port: `10.0.0.1:39496`, `[2001:db8::1]:443`; the first of several. None for `-`."""
    first = text.partition(",")[0].strip()
    if first.startswith("["):
        return first[1:].partition("]")[0] or None
    if first.count(":") == 1:
        first = first.partition(":")[0]
    return None if first in {"", "-"} else first


def site(text: str) -> str | None:
    """A virtual host without its port, in small letters. None for `-`, `_` and nothing."""
    name, colon, port = text.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.endswith("]")):
        text = name
    return None if text in {"", "-", "_"} else text.lower()


def named(text: str | None) -> str | None:
    """The text, None when it stands for nothing."""
    return None if text in {"", "-", None} else text


def target(request: str) -> str:
    """`GET /path HTTP/1.1` into `/path`; what is no such request stays whole."""
    words = request.split(" ", 3)
    if len(words) == 3 and words[2][:5] == "HTTP/" and words[0].isalpha():
        return words[1]
    first, space, rest = request.partition(" ")
    if not space or not first.isalpha():
        return request
    path, space, version = rest.rpartition(" ")
    return (path if space and version[:5].upper() == "HTTP/" else rest).strip() or request


def split_target(target: str) -> tuple[str | None, str]:
    """The site and the path of a target, which proxies write as `https://host:443/path`."""
    scheme, found, rest = target.partition("://")
    if not found or not scheme.isalpha():
        return None, target
    host, slash, path = rest.partition("/")
    host, question, _ = host.partition("?")
    return site(host.rpartition("@")[2]), "/" if question else f"{slash}{path}" or "/"
