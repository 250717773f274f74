"""One line each, as servers really write them: what is read of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.access_log.latency import percentile
from tests.checks.access_log.counted import counted

AT = "[17/May/2015:10:05:03 +0000]"
MOMENT = "2015-05-17T10:05:03"
REST = '"GET /p HTTP/1.1" 200 5 "-" "agent"'
_IIS = "#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken\n"

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "ipv6": (f'2001:db8::1 - - {AT} "GET /p HTTP/2.0" 200 5 "-" "a"', {"client": "2001:db8::1", "path": "/p"}),
    "virtual host": (f"www.Example.org 1.2.3.4 - - {AT} {REST}", {"site": "www.example.org", "client": "1.2.3.4"}),
    "virtual host and port": (f"example.org:443 1.2.3.4 - bob {AT} {REST}", {"site": "example.org"}),
    "virtual host in quotes": (f'1.2.3.4 - - {AT} "x.org" {REST}', {"site": "x.org", "path": "/p"}),
    "name of the client": (f"crawl.example.com - - {AT} {REST}", {"client": "crawl.example.com"}),
    "space in the user": (f"1.2.3.4 - john doe {AT} {REST}", {"client": "1.2.3.4"}),
    "brackets in the user": (f"1.2.3.4 - CN=[x] {AT} {REST}", {"client": "1.2.3.4", "at": MOMENT}),
    "no user at all": (f"1.2.3.4 -  {AT} {REST}", {"client": "1.2.3.4"}),
    "several forwarded for": (f"10.0.0.1, 192.168.1.1 - - {AT} {REST}", {"client": "10.0.0.1"}),
    "several forwarded in quotes": (f'"10.0.0.1, 9.9.9.9" 127.0.0.1 - - {AT} {REST}', {"client": "10.0.0.1"}),
    "timed out": (f'1.2.3.4 - - {AT} "-" 408 - "-" "-"', {"status": 408, "path": "-"}),
    "no request": (f'1.2.3.4 - - {AT} "" 400 0 "" ""', {"status": 400, "path": ""}),
    "handshake": (f'1.2.3.4 - - {AT} "\\x16\\x03\\x01" 400 226 "-" "-"', {"path": "\\x16\\x03\\x01"}),
    "escaped quote": (f'1.2.3.4 - - {AT} "GET /a\\"b HTTP/1.1" 404 0 "-" "x \\"q\\""', {"path": '/a\\"b'}),
    "raw quote": (f'1.2.3.4 - - {AT} "GET /a"b HTTP/1.1" 404 0 "-" "x "q" y"', {"path": '/a"b', "status": 404}),
    "status in the request": (f'1.2.3.4 - - {AT} "GET /\\" 200 5 HTTP/1.1" 404 0', {"status": 404}),
    "spaces in the path": (f'1.2.3.4 - - {AT} "GET /a b c HTTP/1.1" 200 5', {"path": "/a b c"}),
    "no version": (f'1.2.3.4 - - {AT} "GET /old" 200 5', {"path": "/old"}),
    "query": (f'1.2.3.4 - - {AT} "GET /p?token=x HTTP/1.1" 200 5', {"path": "/p"}),
    "whole url": (f'1.2.3.4 - - {AT} "GET http://u:p@x.org/p?q HTTP/1.1" 200 5', {"path": "/p"}),
    "fraction": (f"1.2.3.4 - - [17/May/2015:10:05:03.250 +0000] {REST}", {"at": f"{MOMENT}.250000"}),
    "iso": (f"1.2.3.4 - - [2015-05-17T12:05:03+02:00] {REST}", {"at": MOMENT}),
    "half-hour zone": (f"1.2.3.4 - - [17/May/2015:15:35:03 +0530] {REST}", {"at": MOMENT}),
    "west": (f"1.2.3.4 - - [17/May/2015:03:05:03 -0700] {REST}", {"at": MOMENT}),
    "request time": (f"1.2.3.4 - - {AT} {REST} 0.250", {"took": 0.25}),
    "request time among others": (f'1.2.3.4 - - {AT} {REST} "10.9.9.9" 0.250 0.240 .', {"took": 0.25}),
    "request time by name": (f'1.2.3.4 - - {AT} {REST} rt=0.250 uct="0.0" urt="0.2"', {"took": 0.25}),
    "whole number: no one knows what": (f"1.2.3.4 - - {AT} {REST} 250", {"took": None}),
    "traefik": (f'1.2.3.4 - - {AT} {REST} 24 "a@b" "http://10.0.0.2:80" 250ms', {"took": 0.25}),
    "syslog": (f"<190>Nov 22 04:00:00 web1 nginx: 1.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4", "at": MOMENT}),
    "syslog, new": (f"<190>1 2026-01-01T00:00:00Z web1 nginx 12 - - 1.2.3.4 - - {AT} {REST}", {"at": MOMENT}),
    "syslog, iso with a space": (
        f"2026-01-01 00:00:00 web1 nginx[7]: 1.2.3.4 - - {AT} {REST}",
        {"client": "1.2.3.4", "site": None, "at": MOMENT},
    ),
    "all of it in quotes": (f'"1.2.3.4 - - {AT} {REST}"', {"client": "1.2.3.4", "path": "/p"}),
    "syslog, iso": (f"2026-01-01T00:00:00.1+00:00 web1 nginx: 1.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4"}),
    "syslog alone has the time": ('Mar 24 14:02:50 w app: 1.2.3.4 - - "GET /p HTTP/1.1" 200 5', {"path": "/p"}),
    "container": (f"2026-01-01T00:00:00.1Z stdout F 1.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4"}),
    "compose": (f"web-1  | 1.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4"}),
    "docker": (
        '{"log":"1.2.3.4 - - [17/May/2015:10:05:03 +0000] \\"GET /p HTTP/1.1\\" 200 5\\n","stream":"stdout"}',
        {"client": "1.2.3.4", "path": "/p"},
    ),
    "haproxy": (
        "Feb  6 12:14:14 lb haproxy[1]: 2001:db8::5:333 [17/May/2015:10:05:03.655] http-in static/srv1 "
        '10/0/30/69/250 503 2750 - - ---- 1/1/1/1/0 0/0 {x|y} {} "GET /p HTTP/1.1"',
        {"status": 503, "client": "2001:db8::5", "took": 0.25, "upstream": "static/srv1", "size": 2750},
    ),
    "haproxy, cut": (
        '1.2.3.4:333 [17/May/2015:10:05:03.655] f b/s 10/0/30/69/+250 200 +5 - - ---- 1/1/1/1/0 0/0 "GET /p',
        {"path": "/p", "took": 0.25, "size": 5},
    ),
    "alb": (
        "h2 2015-05-17T10:05:03.5Z app/lb/1 2001:db8::9:443 10.0.0.1:80 0.05 0.1 0.1 502 502 0 10 "
        '"GET https://www.x.org:443/p?q=\\"a\\" HTTP/2.0" "ua" - - - "Root=1" "-" "-" 0',
        {"status": 502, "client": "2001:db8::9", "took": 0.25, "site": "www.x.org", "path": "/p", "size": 10},
    ),
    "elb": (
        '2015-05-17T10:05:03.5Z lb 1.2.3.4:44 - -1 -1 -1 503 0 0 0 "GET http://x.org:80/ HTTP/1.1" "ua" - -',
        {"status": 503, "took": None, "path": "/", "upstream": None},
    ),
    "istio": (
        '[2015-05-17T10:05:03.5Z] "GET /p HTTP/1.1" 503 UF via - "-" 0 91 250 - "1.2.3.4,5.6.7.8" "ua" "id" "x.org" '
        '"10.0.0.1:80" outbound - - - - default',
        {"status": 503, "client": "1.2.3.4", "took": 0.25, "site": "x.org", "upstream": "10.0.0.1:80"},
    ),
    "uwsgi": (
        "[pid: 1|app: 0|req: 1/1] 1.2.3.4 (bob) {38 vars in 6 bytes} [Sun May 17 10:05:03 2015] GET /p?x=1 => "
        "generated 47 bytes in 250 msecs (HTTP/1.1 500) 9 headers in 3 bytes",
        {"status": 500, "path": "/p", "took": 0.25, "size": 47},
    ),
    "iis": (f"{_IIS}2015-05-17 10:05:03 1.2.3.4 GET /p 404 250", {"at": MOMENT, "took": 0.25, "status": 404}),
    "iis without its header": (
        "2015-05-17 10:05:03 10.0.0.1 GET /p q=1 443 - 1.2.3.4 Mozilla - 500 0 64 250",
        {"status": 500, "path": "/p", "took": 0.25, "client": "1.2.3.4"},
    ),
    "w3c, the day in front": (
        "#Date: 2015-05-17 00:00:00\n#Fields: time c-ip cs-uri-stem sc-status\n10:05:03 1.2.3.4 /p 500",
        {"at": MOMENT, "path": "/p"},
    ),
    "w3c, quoted": (
        '#Fields: date time c-ip cs(User-Agent) cs-uri-stem sc-status\n2015-05-17 10:05:03 1.2.3.4 "a ""b"" c" /p 500',
        {"at": MOMENT, "path": "/p", "status": 500},
    ),
    "cloudfront": (
        "#Fields: date time x-edge-location sc-bytes c-ip cs-uri-stem sc-status x-host-header time-taken\n"
        "2015-05-17\t10:05:03\tLAX1\t392\t1.2.3.4\t/p\t503\twww.x.org\t0.250",
        {"took": 0.25, "site": "www.x.org", "size": 392},
    ),
    "caddy": (
        '{"ts":1431857103.5,"request":{"remote_ip":"1.2.3.4","host":"x.org:443","uri":"/p?z",'
        '"headers":{"Referer":["https://r/?a"]}},"duration":0.25,"size":3,"status":404}',
        {"client": "1.2.3.4", "site": "x.org", "path": "/p", "took": 0.25, "size": 3, "referrer": "https://r/"},
    ),
    "traefik json": (
        '{"ClientHost":"1.2.3.4","DownstreamStatus":502,"Duration":250000000,"RequestHost":"x.org","RequestPath":"/p",'
        '"DownstreamContentSize":9,"ServiceAddr":"10.0.0.1:80","time":"2015-05-17T10:05:03Z"}',
        {"status": 502, "took": 0.25, "size": 9, "upstream": "10.0.0.1:80", "at": MOMENT},
    ),
    "nginx json, all text": (
        '{"time":"17/May/2015:10:05:03 +0000","status":"404","request":"GET /p?a=1 HTTP/1.1","remote_addr":"1.2.3.4",'
        '"request_time":"0.250","body_bytes_sent":"12","host":"x.org","upstream_addr":"10.0.0.1:80, 10.0.0.2:80"}',
        {"status": 404, "path": "/p", "took": 0.25, "size": 12, "upstream": "10.0.0.1:80, 10.0.0.2:80"},
    ),
    "elastic": (
        '{"@timestamp":"2015-05-17T10:05:03Z","http":{"response":{"status_code":500,"body":{"bytes":3}}},'
        '"url":{"path":"/p"},"source":{"ip":"1.2.3.4"},"event":{"duration":250000000}}',
        {"status": 500, "path": "/p", "took": 0.25, "client": "1.2.3.4", "size": 3},
    ),
    "cloudflare, nanoseconds": (
        '{"EdgeResponseStatus":522,"EdgeStartTimestamp":1431857103000000000,"ClientRequestURI":"/p?x",'
        '"ClientIP":"1.2.3.4","ClientRequestHost":"x.org"}',
        {"status": 522, "at": MOMENT, "path": "/p"},
    ),
    "google": (
        '{"httpRequest":{"status":502,"requestUrl":"https://x.org/p?b","latency":"0.25s","remoteIp":"1.2.3.4"},'
        '"timestamp":"2015-05-17T10:05:03Z"}',
        {"status": 502, "path": "/p", "took": 0.25},
    ),
    "byte order mark": (f"\ufeff1.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4"}),
    "words before the request": (f"1.2.3.4 - - {AT} 0.012 HIT {REST}", {"client": "1.2.3.4", "status": 200}),
    "site before the request": (f"1.2.3.4 - - {AT} x.org {REST}", {"client": "1.2.3.4", "site": "x.org"}),
    "time first": (f'{AT} 1.2.3.4 "GET /p HTTP/1.1" 404 5', {"client": "1.2.3.4", "status": 404, "path": "/p"}),
    "bucket": (
        f'79a5 box {AT} 1.2.3.4 user 3E57 REST.GET.OBJECT p "GET /p HTTP/1.1" 304 - - 17 10 - "-" "a" -',
        {"client": "1.2.3.4", "status": 304, "path": "/p"},
    ),
    "ingress": (
        f"1.2.3.4 - - {AT} {REST} 431 0.250 [shop-web-80] [] 10.2.0.9:8080 612 0.004 502 0f3a",
        {"took": 0.25, "client": "1.2.3.4"},
    ),
    "ingress, failed": (
        f'1.2.3.4 - - {AT} "GET /p HTTP/1.1" 502 5 "-" "a" 431 0.250 [shop-web-80] [] 10.2.0.9:8080 612 0.004 502 0f3a',
        {"upstream": "shop-web-80", "status": 502},
    ),
    "haproxy, columns": (
        '1.2.3.4:3 [17/May/2015:10:05:03.250] f~ b/s 1/0/3/-1/250    504 194 - - sH-- 1/1/1/1/0 0/0 "GET /p HTTP/1.1"',
        {"status": 504, "took": 0.25},
    ),
    "haproxy, http/2": (
        '1.2.3.4:3 [17/May/2015:10:05:03] f~ b/s 1/0/3/9/25 200 5 - - ---- 1/1/1/1/0 0/0 "GET http://X.org/p HTTP/2.0"',
        {"site": "x.org", "path": "/p"},
    ),
    "iis' own": (
        "1.2.3.4, -, 5/17/15, 9:05:03, W3SVC2, WEB1, 10.0.0.1, 250, 163, 5, 404, 2, GET, /p, q=1,",
        {"client": "1.2.3.4", "status": 404, "path": "/p", "took": 0.25, "size": 5, "at": "2015-05-17T09:05:03"},
    ),
    "iis without its header, with bytes": (
        "2015-05-17 10:05:03 10.0.0.1 GET /p - 80 - 1.2.3.4 agent 500 0 0 5 17 250",
        {"status": 500, "size": 5, "took": 0.25, "client": "1.2.3.4"},
    ),
    "json, code of the response": (
        '{"time_local":"17/May/2015:10:05:03 +0000","remote_addr":"1.2.3.4","uri":"/p","response_code":"404"}',
        {"status": 404, "path": "/p", "client": "1.2.3.4", "at": MOMENT},
    ),
    "json within what a shipper adds": (
        '{"@timestamp":"2026-01-01T00:00:00Z","host":{"name":"n"},"nginx":{"access":{"time":"2015-05-17T10:05:03Z",'
        '"client":"1.2.3.4","url":"/p","response_code":404}}}',
        {"status": 404, "path": "/p", "client": "1.2.3.4", "at": MOMENT},
    ),
    "json with dotted names": (
        '{"time":"2015-05-17T10:05:03Z","http.status_code":502,"http.url":"/p?q","network.client.ip":"1.2.3.4"}',
        {"status": 502, "path": "/p", "client": "1.2.3.4"},
    ),
    "json that nginx escaped its own way": (
        '{"time":"2015-05-17T10:05:03Z","status":404,"uri":"/p","ua":"\\x22a\\x5C","urt":-,"rt":},',
        {"status": 404, "path": "/p"},
    ),
    "json with the whole url": (
        '{"time":"2015-05-17T10:05:03Z","status":404,"url":"https://X.org:443/p?q"}',
        {"site": "x.org", "path": "/p"},
    ),
    "hole before it": (f"\0\0\0\x001.2.3.4 - - {AT} {REST}", {"client": "1.2.3.4"}),
}  # fmt: skip


def seen(text: str, format_: str = "auto") -> dict[str, Any]:
    """What was read of a log with one request."""
    found = counted(text, format_)
    total = found.total
    assert total.requests == 1
    took = percentile(total.took, 0.5)
    return {
        "status": next(iter(total.statuses)),
        "path": found.path,
        "client": next(iter(found.tally.clients), None),
        "site": next(iter(total.sites), None),
        "took": None if took is None else pytest.approx(took, rel=0.011),
        "size": total.size,
        "referrer": next((name for _, name in total.referrers), None),
        "upstream": next((name for _, name in total.upstreams), None),
        "at": datetime.fromtimestamp(total.first, UTC).isoformat().removesuffix("+00:00"),
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""], ids=["lf", "crlf", "none"])
@pytest.mark.parametrize("name", LINES)
def test_a_line_is_read_as_its_server_meant_it(name: str, ending: str) -> None:
    text, wanted = LINES[name]
    found = seen(text + ending)
    assert {key: found[key] for key in wanted} == wanted


MALFORMED = {
    "aborted": f'1.2.3.4 - - {AT} "GET /p HTTP/1.1" 000 5 "-" "agent"',
    "no status": f'1.2.3.4 - - {AT} "GET /p HTTP/1.1" - - "-" "200 " 240 "a" "b" 0ms',
    "status of four": f'1.2.3.4 - - {AT} "GET /p HTTP/1.1" 2000 5',
    "status 600": f'1.2.3.4 - - {AT} "GET /p HTTP/1.1" 600 5 "-" "-"',
    "day 99": f"1.2.3.4 - - [99/May/2015:10:05:03 +0000] {REST}",
    "hour 25": f"1.2.3.4 - - [17/May/2015:25:05:03 +0000] {REST}",
    "month Foo": f"1.2.3.4 - - [17/Foo/2015:10:05:03 +0000] {REST}",
    "half a line": f"1.2.3.4 - - {AT} ",
    "second half": 'HTTP/1.1" 200 5 "-" "agent"',
    "nginx' error log": '2024/02/10 21:22:09 [error] 1#1: *1 open() failed, request: "GET /x HTTP/2.0", host: "x"',
    "apache's error log": "[Thu Oct 13 12:24:49.880562 2022] [auth:error] [pid 10] [client 1.2.3.4:5] AH01618: user",
    "haproxy's aborted": '1.2.3.4:3 [17/May/2015:10:05:03.655] f b/s 1/0/3/-1/9 -1 0 - - CC-- 1/1/1/1/0 0/0 "GET / H"',
    "haproxy's tcp": "1.2.3.4:3 [17/May/2015:10:05:03.655] f b/s 0/0/5007 212 -- 0/0/0/0/3 0/0",
    "elb's tcp": '2015-05-17T10:05:03.5Z lb 1.2.3.4:4 10.0.0.1:80 0.001 0.0 0.0 - - 82 305 "- - - " "-" - -',
    "json of something else": '{"level":"info","ts":1431857103,"msg":"started"}',
    "json of something else with a code": '{"level":"info","ts":1431857103,"msg":"done","code":200}',
    "json of caddy's own error": (
        '{"logger":"http.log.error.log0","ts":1431857103,"status":502,"request":{"uri":"/p","remote_ip":"1.2.3.4"}}'
    ),
    "apache's tls log, which has no status": f'{AT} 1.2.3.4 TLSv1.2 ECDHE-RSA "GET /p HTTP/1.1" 404',
    "iis' own of mail": "1.2.3.4, -, 5/17/15, 9:05:03, SMTPSVC1, WEB1, 10.0.0.1, 250, 163, 5, 250, 0, DATA, -, -,",
    "half of json": '{"ts":1431857103,"status":200',
    "spaces": "   ",
    "binary": "\x16\x03\x01\x02\x00\x01",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_answered_request_is_malformed(name: str) -> None:
    found = counted(MALFORMED[name] + "\n")
    assert (found.tally.lines, found.tally.malformed, found.total.requests) == (1, 1, 0)
    assert found.format == "auto"


def test_malformed_first_lines_do_not_hide_the_format() -> None:
    garbage = "\n".join(MALFORMED.values()) * 50
    good = f"1.2.3.4 - - {AT} {REST}\n"
    found = counted(f"{garbage}\n{good * 3}")
    assert (found.format, found.total.requests) == ("combined", 3)


def test_the_format_may_change_in_the_middle() -> None:
    found = counted(
        f"1.2.3.4 - - {AT} {REST}\n" * 500 + LINES["caddy"][0] + "\n" + f"{LINES['alb'][0]}\n" * 900
    )
    assert found.total.statuses == {200: 500, 404: 1, 502: 900}
    assert (found.format, found.tally.malformed) == ("alb", 0)


def test_the_header_of_w3c_may_change_and_lines_of_the_old_one_still_count() -> None:
    found = counted(
        f"{_IIS}2015-05-17 10:05:03 1.2.3.4 GET /a 404 15\n#Fields: date time cs-uri-stem sc-status\n"
        "2015-05-17 10:05:04 /b 500\n2015-05-17 10:05:05 1.2.3.4 GET /c 404 15\n"
    )
    assert found.total.statuses == {404: 2, 500: 1}
    assert (found.tally.skipped, found.tally.malformed, found.format) == (2, 0, "w3c")


def test_a_line_of_a_megabyte_is_one_line() -> None:
    long = "a" * 1_000_000
    found = counted(
        f'1.2.3.4 - - {AT} "GET /{long} HTTP/1.1" 404 5 "{long}" "-"\n{long}\n1.2.3.4 - - {AT} {REST}\n'
    )
    assert (found.total.statuses, found.tally.malformed) == ({404: 1, 200: 1}, 1)
    assert max(len(path) for _, path in found.total.faults) <= 300


def test_the_year_that_syslog_leaves_out_is_the_last_that_fits() -> None:
    found = seen('Dec 31 23:59:59 web app: 1.2.3.4 - - "GET /p HTTP/1.1" 200 5\n')
    assert found["at"] == "2026-12-31T23:59:59"  # read in January 2027
