"""The operator's own format, said as a regular expression with named groups; run on RE2, so that it cannot hang."""

from __future__ import annotations

from typing import Any

from checks.access_log.fields import STATUSES, address, named, seconds, site, size, target
from checks.access_log.moments import Moments
from checks.access_log.rows import Row

_LONGEST = 4000
# What a group is called, and by what names people know it.
_GROUPS = {
    "time": ("time", "timestamp", "ts", "time_local", "datetime"),
    "day": ("date", "day"),
    "status": ("status", "code", "status_code", "response"),
    "path": ("path", "uri", "url", "request_uri", "target"),
    "request": ("request",),
    "client": ("host", "client", "remote_addr", "clientip", "client_ip", "ip", "remote_host"),
    "site": ("site", "vhost", "server_name", "virtual_host"),
    "took": ("took", "duration", "request_time", "latency", "response_time"),
    "took_ms": ("took_ms", "duration_ms", "latency_ms"),
    "took_us": ("took_us", "duration_us", "latency_us"),
    "size": ("size", "bytes", "body_bytes_sent"),
    "referrer": ("referrer", "referer", "http_referer"),
    "upstream": ("upstream", "upstream_addr", "backend"),
}
_UNITS = {"took": 1.0, "took_ms": 1e-3, "took_us": 1e-6}


class Expression:
    """Reads lines that a pattern is found in."""

    def __init__(self, text: str) -> None:
        """Raises ValueError saying what is wrong with the pattern."""
        import re2

        if len(text) > _LONGEST:
            raise ValueError(f"a pattern has at most {_LONGEST} characters")
        options = re2.Options()
        options.log_errors = False
        try:
            self._pattern = re2.compile(text.replace("(?<", "(?P<").encode(), options)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            raise ValueError(
                f"the pattern is none: {reason.decode() if isinstance(reason, bytes) else reason}"
            ) from None
        groups = self._pattern.groupindex
        names = {name.decode() if isinstance(name, bytes) else name: place for name, place in groups.items()}
        self._places = {
            wanted: [names[name] for name in called if name in names] for wanted, called in _GROUPS.items()
        }
        self._places["time"] = self._places["time"] or self._places["day"]
        for wanted in ("time", "status"):
            if not self._places[wanted]:
                raise ValueError(f"the pattern has no group {wanted}: add (?P<{wanted}>…)")

    def parse(self, line: str, moments: Moments) -> Row | None:
        """One line; None when the pattern is not found in it."""
        match = self._pattern.search(line.encode("utf-8", "surrogateescape"))
        if match is None:
            return None
        found = {wanted: self._value(match, places) for wanted, places in self._places.items()}
        time, status = (found["time"] or "").strip("[]"), STATUSES.get(found["status"] or "")
        at = moments.at(time)
        if at is None and found["day"]:
            at = moments.at(f"{found['day']} {time}")
        if at is None or status is None:
            return None
        asked = found["path"] if found["path"] is not None else target(found["request"] or "")
        took = next(
            (seconds(found[name] or "", unit) for name, unit in _UNITS.items() if found[name] is not None),
            None,
        )
        return (
            at, status, asked, address(found["client"] or ""), site(found["site"] or ""), took,
            size(found["size"] or ""), named(found["referrer"]), named(found["upstream"]),
        )  # fmt: skip

    def _value(self, match: Any, places: list[int]) -> str | None:
        for place in places:
            value: bytes | None = match.group(place)
            if value is not None:
                return value.decode("utf-8", "surrogateescape")
        return None
