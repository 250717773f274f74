"""Formats of the operator's own: as nginx and Apache write them in their configuration, and as patterns."""

from __future__ import annotations

import time
from typing import Any

import pytest

from checks.access_log.formats import Reader, detect
from tests.checks.access_log.counted import counted
from tests.checks.access_log.test_lines import AT, LINES, seen

_UPSTREAMS = (
    "$remote_addr [$time_local] $status $upstream_addr $upstream_response_time $request_time $request_uri"
)

OWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "nginx": (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
        '"$http_user_agent" $host $request_time',
        f'1.2.3.4 - john doe {AT} "GET /p?q HTTP/1.1" 404 5 "https://r/?x" "a b" shop.x.org 0.250',
        {"client": "1.2.3.4", "status": 404, "path": "/p", "site": "shop.x.org", "took": 0.25, "referrer": "https://r/"},
    ),
    "nginx, several upstreams": (
        _UPSTREAMS,
        f"1.2.3.4 {AT} 502 10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80 0.1, 0.1 : 0.05 0.250 /p?q",
        {"status": 502, "upstream": "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80", "took": 0.25, "path": "/p"},
    ),
    "nginx, upstream's time alone": (
        "[$time_iso8601] $status $upstream_response_time",
        "[2015-05-17T10:05:03+00:00] 200 0.100, 0.150",
        {"took": 0.25},
    ),
    "nginx, braces and epoch": (
        "${msec}|${status}|${scheme}://${http_host}${request_uri}|${http_x_forwarded_for}",
        "1431857103.000|503|https://x.org/p?q|1.2.3.4, 10.0.0.1",
        {"status": 503, "site": "x.org", "path": "/p", "client": "1.2.3.4", "at": "2015-05-17T10:05:03"},
    ),
    "nginx, json": (
        '{"t":"$time_iso8601","s":"$status","r":"$request_uri","d":"$request_time"}',
        '{"t":"2015-05-17T10:05:03+00:00","s":"500","r":"/p","d":"0.250"}',
        {"status": 500, "path": "/p", "took": 0.25},
    ),
    "nginx, raw quotes": (
        '[$time_local] "$request" $status "$http_user_agent"',
        f'{AT} "GET /a" x HTTP/1.1" 200 "x"',
        {"status": 200, "path": '/a" x'},
    ),
    "apache in microseconds": (
        '%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D',
        f'x.org:443 1.2.3.4 - - {AT} "GET /a\\"b HTTP/1.1" 404 5 "-" "a \\"b\\"" 250000',
        {"site": "x.org", "client": "1.2.3.4", "status": 404, "path": '/a\\"b', "took": 0.25, "size": 5},
    ),
    "apache in seconds": (
        '%a %t "%r" %s %b %T',
        f'1.2.3.4 {AT} "GET /p HTTP/1.1" 200 - 2',
        {"took": 2.0, "size": 0, "client": "1.2.3.4"},
    ),
    "apache in milliseconds": ("%t %>s %{ms}T", f"{AT} 200 250", {"took": 0.25}),
    "apache, its parts": (
        '%h %t "%m %U%q %H" %>s',
        f'1.2.3.4 {AT} "GET /p?x HTTP/1.1" 404',
        {"path": "/p", "status": 404},
    ),
    "apache, a time of its own": (
        "%h [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] %>s",
        "1.2.3.4 [17/May/2015 12:05:03.250 +0200] 200",
        {"at": "2015-05-17T10:05:03.250000", "status": 200},
    ),
    "apache, modifiers": (
        '%{X-Forwarded-For}i %t %!200,304>s "%400,501{Referer}i"',
        f'1.2.3.4, 10.0.0.1 {AT} 404 "https://r/"',
        {"client": "1.2.3.4", "referrer": "https://r/", "status": 404},
    ),
    "pattern": (
        r'^(?P<host>\S+) (?P<time>\S+) (?P<status>\d+) "(?P<request>[^"]*)" (?P<took>\S+) (?P<size>\d+) '
        r"(?P<referrer>\S+) (?P<upstream>\S+) (?P<vhost>\S+)$",
        '1.2.3.4 2015-05-17T10:05:03Z 502 "GET /p?q HTTP/1.1" 250ms 7 https://r/?x 10.0.0.1:80 x.org',
        {"client": "1.2.3.4", "status": 502, "path": "/p", "took": 0.25, "size": 7, "referrer": "https://r/",
         "upstream": "10.0.0.1:80", "site": "x.org", "at": "2015-05-17T10:05:03"},
    ),
    "nginx, as in its configuration": (
        """log_format main escape=json '$remote_addr [$time_local] "$request" '
                      '$status "it\\'s" "$http_referer"';""",
        f'1.2.3.4 {AT} "GET /p?q HTTP/1.1" 404 "it\'s" "https://r/"',
        {"client": "1.2.3.4", "status": 404, "path": "/p", "referrer": "https://r/"},
    ),
    "nginx, pieces in quotes": (
        """'$remote_addr [$time_local]' ' $status\\t$request_uri'""",
        f"1.2.3.4 {AT} 404\t/p",
        {"client": "1.2.3.4", "status": 404, "path": "/p"},
    ),
    "nginx, quotes of its own": (
        '"$remote_addr" "$time_local" "$status"',
        f'"1.2.3.4" "{AT[1:-1]}" "404"',
        {"client": "1.2.3.4", "status": 404},
    ),
    "apache, as in its configuration": (
        r'''LogFormat "%v %h %t \"%r\" %>s \"%{Referer}i\"" vhost_short''',
        f'x.org 1.2.3.4 {AT} "GET /p HTTP/1.1" 404 "https://r/"',
        {"client": "1.2.3.4", "status": 404, "site": "x.org", "referrer": "https://r/"},
    ),
    "pattern, day and time apart": (
        r"(?P<date>\S+) (?P<time>\S+) (?P<status>\d+)",
        "2015-05-17 10:05:03 404",
        {"status": 404, "at": "2015-05-17T10:05:03"},
    ),
    "pattern, other names": (
        r"(?<ts>\S+ \S+) (?<code>\d+) (?<url>\S+) (?<took_us>\d+)",
        "2015-05-17 10:05:03 404 /p 250000",
        {"status": 404, "path": "/p", "took": 0.25, "at": "2015-05-17T10:05:03"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_format_of_ones_own_is_read(name: str) -> None:
    format_, line, wanted = OWN[name]
    found = seen(f"{line}\n", format_)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize("name", OWN)
def test_what_does_not_fit_a_format_of_ones_own_is_malformed(name: str) -> None:
    format_, line, _ = OWN[name]
    found = counted(f"{line[: len(line) // 2]}\n\x16\x03\n{LINES['alb'][0]}\n", format_)
    assert (found.total.requests, found.tally.malformed) == (0, 3)


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("combind", "did you mean combined?"),
        ("caddi", "did you mean caddy?"),
        ("zzzz", "known are common, combined"),
        ("$remote_addr $status", "has no time"),
        ("%h %t", "has no status"),
        ("%h %", "ends in the middle"),
        (r"(?P<time>\S+) (?P<path>\S+)", "has no group status"),
        (r"(?P<time>\S+) (?P<status>\d+", "the pattern is none"),
        (r"(?P<time>\S+)(?=x) (?P<status>\d+)", "the pattern is none"),
        ("$status" * 1000, "at most 4000 characters"),
    ],
)
def test_a_format_that_cannot_be_is_refused_with_what_is_wrong(format_: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Reader(format_)
    assert said in str(refused.value)


def test_other_names_of_a_format_are_known() -> None:
    for name in (
        "nginx",
        "apache",
        "litespeed",
        "IIS",
        "caddy",
        "traefik",
        "nginx-proxy-manager",
        "gunicorn",
    ):
        assert Reader(name).name != "auto"
    assert seen(LINES["traefik"][0], "traefik")["took"] == 0.25
    assert seen(LINES["traefik json"][0], "traefik")["took"] == 0.25


def test_a_named_format_reads_no_other() -> None:
    assert counted(LINES["alb"][0], "combined").total.requests == 0
    assert detect(LINES["alb"][0].encode()) == "alb"
    assert detect(b"root:x:0:0:root:/root:/bin/bash\n") is None


def test_a_time_without_a_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Africa/Johannesburg")
    time.tzset()
    found = counted(LINES["haproxy"][0] + "\n")
    assert found.total.first == 1431849903.655  # 08:05:03 UTC
