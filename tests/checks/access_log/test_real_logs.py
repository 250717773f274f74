"""Logs as real servers wrote them: every count as goaccess has it, or as the log's source notes it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.checks.access_log.counted import Counted, counted

_LISTED = 15  # entries at most in goaccess' lists

# What goaccess, told one format for all lines, reads wholly.
WHOLE = (
    "elastic__apache_logs_17-18May.log",
    "hub__apache-http-probing.log",
    "hub__apache2-malformed.log",
    "hub__aws-alb-logs.log",
    "hub__aws-cloudfront-logs.log",
    "hub__http-dos-invalid-http-versions.log",
    "hub__http-dos-random-uri.log",
    "hub__http-wordpress-scan.log",
    "hub__nginx-http-malformed.log",
    "hub__traefik_clf.log",  # but for the one request without a status, which it refuses as we do
    "lnav__logfile_access_log.0",
    "lnav__logfile_access_log.1",
    "lnav__logfile_bad_access_log.0",
    "lnav__logfile_caddy_log.1",
    "lnav__logfile_w3c.6",
    "nginx-real__combined.log",
)
# What the log's source says of each line, by status.
NOTED = (
    "hub__apache2-logs.log",
    "hub__apache2-malformed.log",
    "hub__aws-alb-logs.log",
    "hub__aws-cloudfront-logs.log",
    "hub__envoy-logs.log",
    "hub__haproxy-logs.log",
    "hub__litespeed-logs.log",
    "hub__nginx-http-malformed.log",
    "hub__nginx-proxy-manager-logs.log",
    "hub__nginx_http-catch-npm.log",
    "hub__nginx_http-logs.log",
    "hub__npmplus-logs.log",
    "hub__traefik_clf.log",
    "hub__traefik_json.log",
)
# Formats, lines, requests by status of files that nobody else has counted, by hand.
BY_HAND = {
    "beats__iis_access_test.log": ("w3c", 17, {200: 3, 401: 1, 404: 1}),
    "lnav__logfile_cloudflare.json": ("json", 1, {301: 1}),
    "lnav__logfile_syslog_with_access_log.0": ("common", 5, {200: 1, 404: 1}),
    "lnav__logfile_uwsgi.0": ("uwsgi", 19, {200: 19}),
    "lnav__logfile_w3c.0": ("w3c", 5, {200: 1}),
    "lnav__logfile_w3c.2": ("w3c", 22, {226: 8, 230: 3, 331: 3}),
    "lnav__logfile_w3c.3": ("w3c", 10, {200: 1, 301: 1, 404: 1}),
    "lnav__samples_elb_log.log": ("elb", 5, {200: 3}),
}
FORMATS = {
    "elastic__apache_logs_17-18May.log": "combined",
    "hub__apache-http-probing.log": "common",
    "hub__aws-alb-logs.log": "alb",
    "hub__aws-cloudfront-logs.log": "cloudfront",
    "hub__haproxy-logs.log": "haproxy",
    "hub__nginx-proxy-manager-logs.log": "npm",
    "hub__npmplus-logs.log": "npm",
    "hub__traefik_json.log": "json",
    "lnav__logfile_caddy_log.1": "json",
    "nginx-real__combined.log": "combined",
}


def read(shared: Path, name: str) -> Counted:
    return counted((shared / "real/logs" / name).read_bytes())


def beside(shared: Path, name: str) -> Any:
    return json.loads((shared / "real/logs" / name).read_text())


@pytest.mark.parametrize("name", WHOLE)
def test_counts_are_those_of_goaccess(shared: Path, name: str) -> None:
    theirs = beside(shared, f"{name}.goaccess.json")["goaccess"]
    ours = read(shared, name)
    assert {str(status): number for status, number in ours.total.statuses.items()} == theirs["status_counts"]
    assert ours.total.requests == theirs["general"]["valid_requests"]
    assert ours.tally.malformed == theirs["general"]["failed_requests"]
    assert (ours.total.count(404, 404), ours.total.count(500, 599)) == (theirs["n404"], theirs["n5xx"])
    hosts = {entry["data"]: entry["hits"] for entry in theirs["top_hosts"]}
    assert {name: ours.tally.clients[name] for name in hosts} == hosts
    assert len(hosts) == min(len(ours.tally.clients), _LISTED)


@pytest.mark.parametrize("name", WHOLE)
def test_pages_are_those_of_goaccess(shared: Path, name: str) -> None:
    theirs = beside(shared, f"{name}.goaccess.json")["goaccess"]
    lists = [theirs[key] for key in ("top_requests", "top_static", "top_not_found")]
    listed = Counter[str]()
    for entry in (entry for each in lists for entry in each):
        listed[plain(entry["data"])] += entry["hits"]
    ours = Counter[str]()
    for path, statuses in read(shared, name).total.groups.items():
        ours[plain(path)] += sum(statuses.values())
    hidden = listed.pop("-", 0)  # what goaccess takes for no request, such as one in HTTP/1.2
    assert {path: hits for path, hits in listed.items() if ours[path] < hits} == {}
    if max(map(len, lists)) < _LISTED:
        assert ours.total() == listed.total() + hidden


def plain(path: str) -> str:
    """Without what goaccess leaves on and we take off: the site, the query string, escapes; cut as we cut."""
    if "://" in path[:8]:
        path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
    return unquote(unquote(path).partition("?")[0])[:60]


@pytest.mark.parametrize("name", NOTED)
def test_each_request_is_as_its_source_notes_it(shared: Path, name: str) -> None:
    records = beside(shared, f"{name}.expected.json")["records"]
    noted = [record.get("meta") or {} for record in records]
    requests = [each for each in noted if each.get("http_status", "-") != "-"]
    ours = read(shared, name)
    assert ours.total.statuses == Counter(int(each["http_status"]) for each in requests)
    assert ours.tally.clients == Counter(each["source_ip"] for each in requests)


def test_what_nginx_wrote_itself_of_its_requests_is_read_escaped_and_raw(shared: Path) -> None:
    for name in ("nginx-real__combined.log", "nginx-real__raw.log"):
        theirs = beside(shared, f"{name}.expected.json")
        ours = read(shared, name)
        assert {str(status): number for status, number in ours.total.statuses.items()} == theirs[
            "status_counts"
        ]
        assert (ours.total.requests, ours.tally.malformed) == (theirs["total"], 0)
        assert ours.total.size == sum(record["bytes"] for record in theirs["records"])


@pytest.mark.parametrize("name", BY_HAND)
def test_what_nobody_counted_was_counted_by_hand(shared: Path, name: str) -> None:
    format_, lines, statuses = BY_HAND[name]
    ours = read(shared, name)
    assert (ours.format, ours.tally.lines, ours.total.statuses) == (format_, lines, statuses)


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_told_by_the_lines(shared: Path, name: str) -> None:
    assert read(shared, name).format == FORMATS[name]


def test_bytes_and_times_of_a_whole_log_are_right(shared: Path) -> None:
    name = "elastic__apache_logs_17-18May.log"
    theirs = beside(shared, f"{name}.goaccess.json")["entry_pages"]
    total = read(shared, name).total
    assert total.size == theirs["bytes"]
    assert (total.first, total.last) == (
        1431857100.0,
        1431990358.0,
    )  # 2015-05-17 10:05:00, 05-18 23:05:58 UTC


def test_no_line_of_any_file_is_lost(shared: Path) -> None:
    for file in sorted((shared / "real/logs").iterdir()):
        ours = counted(file.read_bytes())
        data = file.read_bytes()
        assert ours.tally.lines == data.count(b"\n") + (not data.endswith(b"\n"))
        assert ours.tally.lines == ours.total.requests + ours.tally.malformed + ours.tally.skipped
