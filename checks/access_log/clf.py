"""The common log format and what grew out of it: combined, with a virtual host in front, with fields behind.

`client ident user [time] "request" status size "referrer" "agent" …`: Apache, nginx, LiteSpeed, Tomcat, gunicorn,
Traefik. https://httpd.apache.org/docs/2.4/logs.html#accesslog
"""

from __future__ import annotations

from checks.access_log.fields import STATUSES, address, is_address, named, seconds, site, size, target
from checks.access_log.moments import Moments
from checks.access_log.rows import Row

_TIMED_BY = {
    "rt", "request_time", "req_time", "reqtime", "time", "duration", "took", "response_time", "resp_time", "total",
    "request-time", "responsetime",
}  # fmt: skip
_SENT_TO = {"ua", "upstream", "upstream_addr", "us", "backend"}
_FARTHEST = 300  # characters between the time and the request
_SEARCHED = 32  # how many brackets or quotes are tried before a line is given up


def parse(line: str, moments: Moments) -> Row | None:
    """One line with whatever care it needs; None when it is not of this family."""
    found = _when(line, moments)
    if found is None:
        return None
    at, opened, closed = found
    client, host = _who(line[:opened])
    begin = closed + 3
    if line[closed + 1 : begin] != ' "':
        begin = line.find(' "', closed + 1, closed + _FARTHEST) + 2
        client, host = _who_behind(line[closed + 1 : begin - 2], client, host) if begin > 1 else (None, None)
    end = _request_end(line, begin) if client is not None else None
    if end is None or (not opened and not line[end + 6 : end + 7].isdigit()):
        return None
    request, status = line[begin:end], STATUSES[line[end + 2 : end + 5]]
    if '" "' in request:  # the virtual host in quotes before the request
        first, _, rest = request.partition('" "')
        host, request = site(first) or host, rest
    sent, referrer, rest = _behind(line[end + 5 :])
    took, upstream = extras(rest)
    return at, status, target(request), named(client), host, took, sent, referrer, upstream


def without_time(line: str, at: float) -> Row | None:
    """A line whose time stands in its syslog prefix alone."""
    head, quote, _ = line.partition(' "')
    client, host = _who(head)
    end = _request_end(line, len(head) + 2) if quote and client and is_address(client) else None
    if end is None:
        return None
    sent, referrer, rest = _behind(line[end + 5 :])
    took, upstream = extras(rest)
    status = STATUSES[line[end + 2 : end + 5]]
    return at, status, target(line[len(head) + 2 : end]), client, host, took, sent, referrer, upstream


def _when(line: str, moments: Moments) -> tuple[float, int, int] | None:
    """The first bracket that holds a time: the moment, where it opens and where it closes."""
    opened = -1
    for _ in range(_SEARCHED):
        opened = line.find("[", opened + 1)
        closed = line.find("]", opened, opened + 48)
        if opened < 0:
            return None
        at = moments.at(line[opened + 1 : closed]) if closed > 0 else None
        if at is not None:
            return at, opened, closed
    return None


def _who(head: str) -> tuple[str | None, str | None]:
    """The client and the virtual host of what stands before the time."""
    if head.startswith('"'):  # several addresses of X-Forwarded-For, in quotes
        quoted, closing, rest = head[1:].partition('"')
        if not closing:  # the whole line is in quotes
            return _who(quoted)
        return (address(quoted), None) if named(quoted) else _who(rest.lstrip())
    words = head.split(None, 4)
    if not words:
        return None, None
    first = words[0]
    if first.endswith(","):
        return address(first), None
    if len(words) > 1 and (
        (is_address(words[1]) and not is_address(first))
        or (len(words) == 4 and words[1] != "-" and words[2] == "-" and not is_address(first))
        or (is_address(words[1]) and len(words) >= 4)
    ):
        return words[1], site(first)
    return first.partition(",")[0], None


def _who_behind(text: str, client: str | None, host: str | None) -> tuple[str | None, str | None]:
    """The same where some of it stands between the time and the request, and what else people put there."""
    words = text.split()
    if client is None or not is_address(client):
        client = next((word for word in words if is_address(word) and not _is_number(word)), client)
    if host is None and words and words[0] != client and "." in words[0] and words[0][:1].isalpha():
        host = site(words[0])
    return client, host


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdigit()


def _request_end(line: str, begin: int) -> int | None:
    """Where the quote stands that ends the request: the first, not escaped, that a status follows.

    Servers that escape nothing leave quotes of the client's in it; those that no status could follow are passed
    over. None when the request ends and no status follows.
    """
    at = begin - 1
    for _ in range(_SEARCHED):
        at = line.find('" ', at + 1)
        if at < 0:
            return None
        if line[at + 2 : at + 5] in STATUSES and line[at + 5 : at + 6] in {"", " "}:
            if not _escaped(line, begin, at):
                return at
        elif _ends_request(line, begin, at) and not _escaped(line, begin, at):
            return None
    return None


def _ends_request(line: str, begin: int, at: int) -> bool:
    after = line[at + 2 : at + 3]
    return line.rfind(" HTTP/", max(begin, at - 10), at) > 0 or after == "-" or after.isdigit()


def _escaped(line: str, begin: int, at: int) -> bool:
    back = at
    while back > begin and line[back - 1] == "\\":
        back -= 1
    return (at - back) % 2 == 1


def _behind(text: str) -> tuple[int | None, str | None, str]:
    """Size, referrer, and what follows the agent, of ` 1234 "referrer" "agent" …`."""
    text = text.strip(" ")
    sent = None
    if not text.startswith('"'):
        word, _, text = text.partition(" ")
        sent = size(word)
    referrer, text = _quoted(text.lstrip(" "))
    agent, rest = _quoted(text.lstrip(" "))
    return (
        (sent, named(referrer), rest) if referrer is not None else (sent, None, text if agent is None else "")
    )


def _quoted(text: str) -> tuple[str | None, str]:
    """The text in quotes at the beginning, and what follows; None when there is none."""
    if not text.startswith('"'):
        return None, text
    end = text.find('"', 1)
    while end > 0 and _escaped(text, 1, end):
        end = text.find('"', end + 1)
    return (text[1:], "") if end < 0 else (text[1:end], text[end + 1 :])


def extras(text: str) -> tuple[float | None, str | None]:
    """How long it took and who answered, where what follows the agent says so beyond doubt.

    A time is a number with a fraction (nginx `$request_time`) or a unit, or named (`rt=0.012`); a bare whole
    number is not: Apache writes seconds, milliseconds and microseconds alike. An upstream is an URL, named, or in
    brackets.
    """
    took = upstream = None
    for word in text[:2000].replace('"', " ").split():
        name, equals, value = word.partition("=")
        if equals:
            if took is None and name.lower() in _TIMED_BY:
                took = seconds(value)
            elif upstream is None and name.lower() in _SENT_TO:
                upstream = named(value)
        elif took is None and word[0].isdigit() and ("." in word or word[-1] == "s"):
            took = seconds(word)
        elif upstream is None and word.startswith(("http://", "https://", "h2c://")):
            upstream = word
        elif (
            upstream is None and len(word) > 2 and word[0] == "[" and word[-1] == "]"
        ):  # ingress-nginx' service
            upstream = word[1:-1]
    return took, upstream


def variety(line: str, row: Row) -> str:
    """Which of this family a line is: `common`, `combined` or `vhost_combined`."""
    if row[4] is not None:
        return "vhost_combined"
    return "combined" if line.count('"') > 3 else "common"
