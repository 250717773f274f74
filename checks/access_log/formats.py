"""The formats of access logs: their names, which one a file is written in, and how lines become counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeAlias

from checks.access_log import clf, json_lines, proxies
from checks.access_log.columns import columns
from checks.access_log.expression import Expression
from checks.access_log.moments import Moments
from checks.access_log.rows import Row
from checks.access_log.tally import Tally
from checks.access_log.template import Template, is_nginx
from checks.access_log.w3c import W3c
from checks.access_log.wrapping import unwrapped

AUTO = "auto"
NAMES: Mapping[str, str] = {
    "common": "host, user, time, request, status, size: Apache, Tomcat, any server",
    "combined": "the same with referrer and agent, and what follows: nginx, Apache, LiteSpeed, Traefik",
    "vhost_combined": "the same with the virtual host in front",
    "json": "one object on each line: Caddy, Traefik, Envoy, Cloudflare, nginx with names people use",
    "w3c": "IIS and others, by the #Fields: in the file",
    "cloudfront": "CloudFront's standard log",
    "haproxy": "HAProxy's option httplog",
    "alb": "AWS application load balancer",
    "elb": "AWS classic load balancer",
    "envoy": "Envoy's and Istio's default text",
    "npm": "nginx-proxy-manager and NPMplus",
    "uwsgi": "uWSGI's request log",
}
_ALSO = {
    "nginx": "combined", "apache": "combined", "litespeed": "combined", "traefik": "traefik", "caddy": "json",
    "cloudflare": "json", "iis": "w3c", "vcombined": "vhost_combined", "nginx-proxy-manager": "npm",
    "npmplus": "npm", "ncsa": "common", "tomcat": "common", "gunicorn": "combined", "istio": "envoy",
    "vhost": "vhost_combined",
}  # fmt: skip
_PLAIN = frozenset({"common", "combined", "vhost_combined"})
_FAMILY = {"common": "combined", "vhost_combined": "combined", "cloudfront": "w3c"}  # read by the same hand
_BLOCK = 1 << 22  # bytes that are decoded at once
_BLOCKS_UNSETTLED = 4
_CHUNK = 1 << 15  # characters that are read by columns or, when they cannot be, line by line
_PATIENCE = 8  # chunks in a row that were no columns, before only one in so many is tried

_Parse: TypeAlias = Callable[[str, Moments], Row | None]


class Reader:
    """Reads the lines of one file, in order, and counts them. One reader for one file.

    `name` is the format; in a file whose format is to be found out it is `auto` until a line was understood. From
    then on that format is tried first, and the others where it does not fit: files change hands, and servers mix.
    """

    def __init__(self, text: str = AUTO, memo: object = None, *, now: float | None = None) -> None:
        """For what `format:` says; raises ValueError saying what is wrong with it.

        A name; an nginx log_format (it has `$variables`), an Apache LogFormat (it has `%directives`), or a regular
        expression with named groups (it has `(?P<name>…)`). `memo` is what an earlier reader of the same file left;
        what is none of ours is ignored. `now` (Unix seconds) gives the year to times that are written without one;
        without it they are none.
        """
        name, _, header = memo.partition("\n") if isinstance(memo, str) else (AUTO, "", "")
        self._moments = Moments(now)
        self._w3c = W3c(header)
        self._found_out = text == AUTO
        self._parsers = self._all() if self._found_out else self._chosen(text)
        self.name = name if self._found_out and name in NAMES else _title(text)
        self._refused = 0

    def feed(self, data: bytes, tally: Tally) -> None:
        """Count whole lines, the last one with or without its newline. Never raises, whatever the bytes are."""
        for number, block in enumerate(_blocks(data), start=1):
            text = block.decode("utf-8", "surrogateescape")
            if "\r" in text:
                text = text.replace("\r\n", "\n")
            for chunk in _chunks(text if text.endswith("\n") else f"{text}\n"):
                self._chunk(chunk, tally)
            if number % _BLOCKS_UNSETTLED == 0:
                tally.settle()
        tally.settle()

    def memo(self) -> str | None:
        """What is to be given to the next reader of this file."""
        return f"{self.name}\n{self._w3c.header}" if self._found_out or self._w3c.header else None

    def _chunk(self, chunk: str, tally: Tally) -> None:
        found = columns(chunk, self._moments) if self._plain() else None
        if found is not None:
            self._refused = 0
            if self._found_out:
                self.name = found.name
            tally.lines += len(found.stamps)
            tally.add_columns(found)
            return
        self._refused += 1
        lines = chunk.split("\n")
        lines.pop()
        tally.lines += len(lines)
        tally.add(self._rows(lines, tally))

    def _plain(self) -> bool:
        """Whether it is worth a try to read by columns."""
        if self.name not in _PLAIN and self.name != AUTO:
            return False
        return self._refused < _PATIENCE or self._refused % _PATIENCE == 0

    def _rows(self, lines: list[str], tally: Tally) -> Iterator[Row]:
        understood: Counter[str] = Counter()
        for line in lines:
            if line[:1] in {"", "\0", "\ufeff", "#"}:
                line = line.lstrip("\0\ufeff")
                if not line or line[0] == "#":
                    self._w3c.direct(line)
                    tally.skipped += 1
                    continue
            row = self._row(line, understood)
            if row is None:
                tally.malformed += 1
            else:
                yield row
        if self._found_out and understood:
            self.name = understood.most_common(1)[0][0]

    def _row(self, line: str, understood: Counter[str]) -> Row | None:
        """The row of a line without what is wrapped around it, or as it is; JSON first as it is."""
        if line[0] == "{":
            return self._plain_row(line, understood) or self._unwrapped_row(line, understood)
        return self._unwrapped_row(line, understood) or self._plain_row(line, understood)

    def _unwrapped_row(self, line: str, understood: Counter[str]) -> Row | None:
        found = unwrapped(line)
        if found is None:
            return None
        time, message = found
        inner = unwrapped(message)
        row = self._plain_row(message, understood)
        if row is None and inner is not None:  # syslog within docker's JSON
            time, message = inner
            row = self._plain_row(message, understood)
        if row is None and self.name in {*_PLAIN, AUTO}:
            at = self._moments.at(time)
            row = clf.without_time(message, at) if at is not None else None
            if row is not None:
                understood["common"] += 1
        return row

    def _plain_row(self, line: str, understood: Counter[str]) -> Row | None:
        first = self._parsers.get(_FAMILY.get(self.name, self.name))
        row = first(line, self._moments) if first else None
        if row is not None:
            understood[self._variety(self.name, line, row)] += 1
            return row
        for name, parse in self._parsers.items():
            row = parse(line, self._moments) if parse is not first else None
            if row is not None:
                understood[self._variety(name, line, row)] += 1
                return row
        return None

    def _variety(self, name: str, line: str, row: Row) -> str:
        if name in _PLAIN:
            return clf.variety(line, row)
        return self._w3c.variety if name in {"w3c", "cloudfront"} else name

    def _all(self) -> dict[str, _Parse]:
        return {
            "json": json_lines.parse, "npm": proxies.proxy_manager, "uwsgi": proxies.uwsgi,
            "envoy": proxies.envoy, "alb": proxies.alb, "elb": proxies.elb, "haproxy": proxies.haproxy,
            "combined": clf.parse, "w3c": self._w3c.parse,
        }  # fmt: skip

    def _chosen(self, text: str) -> dict[str, _Parse]:
        """The ways to read what the operator named."""
        kind = pattern_kind(text)
        if kind is not None:
            return {_title(text): (Expression(text) if kind == "expression" else Template(text)).parse}
        name = _known(text)
        every = self._all()
        family = _FAMILY.get(name, name)
        if name == "traefik":
            return {"combined": every["combined"], "json": every["json"]}
        return {family: every[family]} | ({"json": every["json"]} if name == "envoy" else {})


def reader(text: str = AUTO, memo: object = None, *, now: float | None = None) -> Reader:
    """A new reader for what `format:` says; see `Reader`."""
    return Reader(text, memo, now=now)


def pattern_kind(text: str) -> str | None:
    """`expression`, `nginx` or `apache` when the text is a format of the operator's own, None when it is a name."""
    if "(?P<" in text or "(?<" in text:
        return "expression"
    if is_nginx(text):
        return "nginx"
    return "apache" if "%" in text else None


def detect(sample: bytes, *, now: float | None = None) -> str | None:
    """The name of the format that most lines of the sample are written in; None when no line is understood."""
    reader = Reader(now=now)
    reader.feed(sample, Tally())
    return None if reader.name == AUTO else reader.name


def _known(text: str) -> str:
    """The format of that name. Raises ValueError with the nearest one."""
    name = text.strip().lower()
    name = _ALSO.get(name, name)
    if name in NAMES or name == "traefik":
        return name
    near = get_close_matches(name, [*NAMES, *_ALSO], 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(NAMES)}"
    raise ValueError(f"no format is called {text[:40]!r}: {hint}")


def _title(text: str) -> str:
    kind = pattern_kind(text)
    if kind is not None:
        return kind
    return AUTO if text == AUTO else _known(text)


def _blocks(data: bytes) -> Iterator[bytes]:
    """Pieces of about `_BLOCK` bytes that end with a line."""
    begin = 0
    while begin < len(data):
        end = len(data)
        if end - begin > _BLOCK:
            end = data.find(b"\n", begin + _BLOCK) + 1 or len(data)
        yield data[begin:end] if begin or end < len(data) else data
        begin = end


def _chunks(text: str) -> Iterator[str]:
    """Pieces of about `_CHUNK` characters that end with a line."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", min(begin + _CHUNK, len(text) - 1)) + 1
        yield text[begin:end]
        begin = end
