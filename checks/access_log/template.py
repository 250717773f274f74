"""The operator's own format, said as an nginx log_format or an Apache LogFormat; read without regular expressions.

https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from checks.access_log.configured import as_configured
from checks.access_log.fields import STATUSES, address, named, seconds, site, size, target
from checks.access_log.moments import Moments
from checks.access_log.rows import Row

_NGINX = {
    "time_local": "time", "time_iso8601": "time", "msec": "time", "status": "status", "request": "request",
    "request_uri": "path", "uri": "path", "document_uri": "path", "remote_addr": "client",
    "realip_remote_addr": "client", "binary_remote_addr": "", "http_x_forwarded_for": "forwarded",
    "host": "site", "http_host": "site", "server_name": "site", "request_time": "took",
    "upstream_response_time": "upstream took", "body_bytes_sent": "size", "bytes_sent": "size",
    "http_referer": "referrer", "upstream_addr": "upstream", "proxy_host": "upstream",
}  # fmt: skip
_APACHE = {
    "t": "time", "s": "status", "r": "request", "U": "path", "h": "client", "a": "client", "v": "site", "V": "site",
    "T": "took s", "D": "took us", "b": "size", "B": "size", "O": "size",
}  # fmt: skip
_APACHE_HEADERS = {"referer": "referrer", "host": "site", "x-forwarded-for": "forwarded"}
_UNITS = {"took": 1.0, "upstream took": 1.0, "took s": 1.0, "took ms": 1e-3, "took us": 1e-6}
_SEVERAL = frozenset({"upstream", "upstream took", "forwarded"})  # their values may be lists: `a, b : c`
_TRIED = 32
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class _Part:
    """A variable, by what it means ("" when that is nothing to us), and the text that follows it."""

    means: str
    then: str = ""
    written: str = ""  # how a time is written, as strftime says it


class Template:
    """Reads lines of one such format."""

    def __init__(self, text: str) -> None:
        """Raises ValueError saying what is wrong with the format."""
        if len(text) > _LONGEST:
            raise ValueError(f"a format has at most {_LONGEST} characters")
        text = as_configured(text)
        parts = list(_nginx_parts(text) if is_nginx(text) else _apache_parts(text))
        self._before, self._parts = parts[0].then, _joined_times(parts[1:])
        meant = {part.means for part in self._parts}
        for wanted, variable in (("time", "$time_local or %t"), ("status", "$status or %>s")):
            if wanted not in meant:
                raise ValueError(f"the format has no {wanted}: add {variable}")

    def parse(self, line: str, moments: Moments) -> Row | None:
        """One line; None when it does not fit."""
        found = self._found(line)
        if found is None:
            return None
        at = self._at(found["time"], moments)
        status = STATUSES.get(found["status"])
        if at is None or status is None:
            return None
        asked = target(found["request"]) if "request" in found else found.get("path", "")
        client = found.get("client") or found.get("forwarded") or ""
        upstream = named(found.get("upstream"))
        return (
            at, status, asked, address(client), site(found.get("site", "")), _took(found),
            size(found.get("size", "")), named(found.get("referrer")), upstream,
        )  # fmt: skip

    def _found(self, line: str) -> dict[str, str] | None:
        if not line.startswith(self._before):
            return None
        found: dict[str, str] = {}
        position = len(self._before)
        for number, part in enumerate(self._parts):
            behind = self._parts[number + 1] if number + 1 < len(self._parts) else None
            end = _end(line, position, part, behind)
            if end is None:
                return None
            found.setdefault(part.means, line[position:end])
            position = end + len(part.then)
        return found

    def _at(self, text: str, moments: Moments) -> float | None:
        at = moments.at(text)
        written = next(part.written for part in self._parts if part.means == "time")
        if at is None and written and len(text) < 100:
            try:
                moment = datetime.strptime(text, written)
            except ValueError:
                return None
            at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return at


def is_nginx(text: str) -> bool:
    """Whether the text has nginx variables in it."""
    return any(after[:1].isalpha() or after[:1] == "{" for after in text.split("$")[1:])


def _took(found: dict[str, str]) -> float | None:
    for means in ("took", "took us", "took ms", "took s", "upstream took"):
        if means in found:
            took = seconds(found[means], _UNITS[means])
            if took is not None:
                return took
    return None


def _end(line: str, begin: int, part: _Part, behind: _Part | None) -> int | None:
    """Where the value ends that begins here: before the text that follows it."""
    if not part.then:
        if behind is None:
            return len(line)
        slash = line.find("/", begin)  # two variables without anything between: `$host$request_uri`
        return len(line) if slash < 0 else slash
    at = begin - 1
    for _ in range(_TRIED):
        at = line.find(part.then, at + 1)
        if at < 0:
            return None
        if part.then[0] == '"' and _escaped(line, begin, at):
            continue
        if part.means in _SEVERAL and part.then[0] == " " and _in_list(line, at):
            continue
        if behind is not None and behind.means == "status":
            after = at + len(part.then)
            if part.means == "request" and line[after : after + 3] not in STATUSES:
                continue
        return at
    return None


def _escaped(line: str, begin: int, at: int) -> bool:
    back = at
    while back > begin and line[back - 1] == "\\":
        back -= 1
    return (at - back) % 2 == 1


def _in_list(line: str, at: int) -> bool:
    """nginx writes several upstreams as `a, b : c`."""
    return line[at - 1 : at] in {",", ":"} or line[at : at + 3] == " : "


def _nginx_parts(text: str) -> Iterator[_Part]:
    """First the text before any variable, then each variable with the text behind it."""
    pieces = text.replace("\\'", "'").replace('\\"', '"').replace("\\t", "\t").split("$")
    yield _Part("", pieces[0])
    for piece in pieces[1:]:
        if piece.startswith("{"):
            name, _, then = piece[1:].partition("}")
        else:
            end = next(
                (at for at, mark in enumerate(piece) if not (mark.isalnum() or mark == "_")), len(piece)
            )
            name, then = piece[:end], piece[end:]
        yield _Part(_NGINX.get(name, ""), then)


def _apache_parts(text: str) -> Iterator[_Part]:
    """The same of an Apache LogFormat, with its quotes escaped as in the configuration or not."""
    pieces = text.replace('\\"', '"').replace("\\t", "\t").replace("%%", "\0").split("%")
    yield _Part("", pieces[0].replace("\0", "%"))
    held = ""
    for piece in pieces[1:]:
        piece = held + piece
        if piece.count("{") > piece.count("}"):  # a % inside braces: %{%Y-%m-%d}t
            held = f"{piece}%"
            continue
        held = ""
        name, argument, then = _directive(piece)
        if name == "t" and argument in {"", "begin", "end"}:
            yield _Part("", "[")
            yield _Part("time", f"]{then}")
        else:
            yield _Part(
                _apache_meaning(name, argument), then.replace("\0", "%"), argument if name == "t" else ""
            )


def _directive(piece: str) -> tuple[str, str, str]:
    """`!200,304>{Referer}i "…` into `i`, `Referer` and `"…`."""
    piece = piece.lstrip("!0123456789,<>")
    argument = ""
    if piece.startswith("{"):
        argument, _, piece = piece[1:].partition("}")
    if not piece:
        raise ValueError("the format ends in the middle of a directive")
    length = 3 if piece.startswith("^") else 1
    return piece[:length], argument, piece[length:]


def _apache_meaning(name: str, argument: str) -> str:
    if name == "T" and argument:
        return f"took {argument}" if argument in {"s", "ms", "us"} else ""
    if name == "i":
        return _APACHE_HEADERS.get(argument.lower(), "")
    if name == "e":
        return "upstream" if argument.upper() in {"BALANCER_WORKER_NAME", "PROXY_WORKER_NAME"} else ""
    return _APACHE.get(name, "")


def _joined_times(parts: list[_Part]) -> list[_Part]:
    """Parts of one time, such as `%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t`, are read as one.

    So are parts without anything between of which only the first means something, and `[` of %t joins its text.
    """
    joined: list[_Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and last.means == part.means == "time" and len(last.then) <= 1:
            joined[-1] = _Part("time", part.then, f"{last.written}{last.then}{part.written}")
        elif last is not None and not last.then and not part.means:  # %U%q, $uri$is_args$args
            joined[-1] = _Part(last.means, part.then, last.written)
        elif last is not None and part == _Part("", "["):
            joined[-1] = _Part(last.means, f"{last.then}[", last.written)
        else:
            joined.append(part)
    return joined
