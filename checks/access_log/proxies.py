"""The text formats of proxies and application servers, one function each.

HAProxy, AWS load balancers, Envoy, nginx-proxy-manager, uWSGI.

Each takes a line and gives its row, or None when the line is of another format or was not answered.
"""

from __future__ import annotations

from checks.access_log.fields import STATUSES, address, named, seconds, site, size, split_target, target
from checks.access_log.moments import Moments
from checks.access_log.rows import Row


def haproxy(line: str, moments: Moments) -> Row | None:
    """`client:port [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes … "request"` (`option httplog`).

    https://docs.haproxy.org/dev/configuration.html#8.2.3 Times are milliseconds and local.
    """
    head, bracket, rest = line.partition(" [")
    stamp, closing, rest = rest.partition("] ")
    words = rest.split(None, 5)
    if not closing or not bracket or len(words) < 6 or words[2].count("/") not in {3, 4}:
        return None
    at, status = moments.at(stamp), STATUSES.get(words[3])
    _, quote, request = words[5].partition('"')
    if at is None or status is None or not quote or " " in head.strip():
        return None
    request = request.partition('" ')[0].removesuffix('"')  # it may be cut, and its quote with it
    took = seconds(words[2].rpartition("/")[2].lstrip("+"), 1e-3)
    sent = size(words[4].lstrip("+"))
    host, path = split_target(target(request))  # in HTTP/2 it is the whole address
    return at, status, path, _host_of(head.strip()), host, took, sent, None, words[1]


def alb(line: str, moments: Moments) -> Row | None:
    """`type time elb client target t t t status status received sent "request" …`

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    """
    kind, _, rest = line.partition(" ")
    if kind not in {"http", "https", "h2", "grpcs", "ws", "wss"}:
        return None
    return _balanced(rest, moments)


def elb(line: str, moments: Moments) -> Row | None:
    """The same of a classic load balancer, which writes no type."""
    return _balanced(line, moments) if line[4:5] == "-" else None


def _balanced(text: str, moments: Moments) -> Row | None:
    words = text.split(" ", 11)
    if len(words) < 12 or not words[11].startswith('"'):
        return None
    at, status = moments.at(words[0]), STATUSES.get(words[7])
    if at is None or status is None:
        return None
    host, path = split_target(target(words[11][1:].partition('" "')[0]))
    times = [seconds(word) for word in words[4:7]]  # -1 when the target did not answer
    took = None if None in times else sum(time for time in times if time is not None)
    upstream = named(words[3])
    return at, status, path, _host_of(words[2]), host, took, size(words[10]), None, upstream


def _host_of(client: str) -> str | None:
    """The address of `address:port`; load balancers write IPv6 without brackets."""
    return address(client) if client.startswith("[") else named(client.rpartition(":")[0] or client)


def envoy(line: str, moments: Moments) -> Row | None:
    """Envoy's default text and Istio's: `[time] "request" status flags … received sent ms ms "for" "agent" …`

    https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
    """
    stamp, closing, rest = line[1:].partition('] "')
    if not closing or line[0] != "[" or len(stamp) > 40:
        return None
    request, quote, rest = rest.partition('" ')
    parts = rest.split('"')
    words = parts[0].split()
    at, status = moments.at(stamp), STATUSES.get(words[0]) if words else None
    if not quote or at is None or status is None or len(words) < 2:
        return None
    if len(words) < 6 and len(parts) > 2:  # Istio puts a reason in quotes before the numbers
        words, parts = parts[2].split(), parts[2:]
        words = ["", "", *words]
    if len(words) < 6 or len(parts) < 10:
        return None
    sent, took = size(words[3]), seconds(words[4], 1e-3)
    return at, status, target(request), address(parts[1]), site(parts[7]), took, sent, None, named(parts[9])


def proxy_manager(line: str, moments: Moments) -> Row | None:
    """nginx-proxy-manager: `[time] [cache upstream-status] status - GET https host "/path" [Client …] [Length …] …`

    and NPMplus: `[time] host client seconds "request" status body-bytes bytes referrer agent`.
    """
    stamp, closing, rest = line[1:].partition("] ")
    at = moments.at(stamp) if closing and line[0] == "[" and len(stamp) <= 40 else None
    if at is None:
        return None
    front, quote, rest = rest.partition(' "')
    if not quote:
        return None
    return _manager(at, front, rest) if "] [Length " in rest else _manager_plus(at, front, rest)


def _manager(at: float, front: str, rest: str) -> Row | None:
    answered, dash, asked = front.rpartition(" - ")
    words = asked.split(" ")
    status = STATUSES.get(answered.rpartition(" ")[2])
    if not dash or status is None or len(words) != 3:
        return None
    path, _, told = rest.partition('" [Client ')
    client, _, told = told.partition("] [Length ")
    sent, _, told = told.partition("]")
    _, _, upstream = told.partition("[Sent-to ")
    upstream = upstream.partition("]")[0]
    referrer = named(told.rstrip('"').rpartition('"')[2])
    return at, status, path, address(client), site(words[2]), None, size(sent), referrer, named(upstream)


def _manager_plus(at: float, front: str, rest: str) -> Row | None:
    words = front.split(" ")
    end = rest.find('" ')
    while end > 0 and rest[end + 2 : end + 5] not in STATUSES:
        end = rest.find('" ', end + 1)
    told = rest[end + 2 :].split(" ", 4)
    if end < 0 or len(words) != 3 or len(told) < 4:
        return None
    status = STATUSES.get(told[0])
    if status is None:
        return None
    took, sent, referrer = seconds(words[2]), size(told[1]), named(told[3])
    return at, status, target(rest[:end]), address(words[1]), site(words[0]), took, sent, referrer, None


def uwsgi(line: str, moments: Moments) -> Row | None:
    """`[pid: 1|app: 0|req: 1/1] client (user) {…} [time] GET /path => generated 4 bytes in 9 msecs (HTTP/1.1 200) …`

    Times are local.
    """
    if not line.startswith("[pid: "):
        return None
    front, _, rest = line.partition("} [")
    stamp, _, rest = rest.partition("] ")
    request, arrow, rest = rest.rpartition(" => generated ")
    words = rest.split(" ", 7)
    if not arrow or len(words) < 7 or words[5][:5] not in {"(HTTP", "(via "}:
        return None
    at, status = moments.at(stamp), STATUSES.get(words[6].rstrip(")"))
    if at is None or status is None:
        return None
    client = front.partition("] ")[2].partition(" ")[0]
    took = seconds(f"{words[3]} {words[4]}")
    return at, status, target(request), address(client), None, took, size(words[0]), None, None
