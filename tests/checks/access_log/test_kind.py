"""The `access_log` check on real files: values, options, evidence, and what makes it blind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.access_log import KIND
from checks.access_log.kind import sample
from checks.access_log.spec import AccessLogSpec
from checks.base import ErrorKind, Observation, Status
from checks.judge import Rules, judge
from config.conditions import parse

NOW = 1_800_000_000.0


def line(at: float, status: int = 200, path: str = "/", rest: str = '"-" "curl/8"', host: str = "") -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{host}192.0.2.1 - - [{stamp}] "GET {path} HTTP/1.1" {status} 100 {rest}\n'


def write(path: Path, lines: Iterable[str], at: float = NOW) -> Path:
    """Append, and have the file look as if that had happened at the moment `at`."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)
    os.utime(path, (at, at))
    return path


def look(path: object, memo: Any = None, now: float = NOW, **options: Any) -> Observation:
    seen = sample(AccessLogSpec.model_validate({"path": str(path), **options}), memo, now, 5.0)
    assert json.loads(json.dumps(seen.memo, allow_nan=False)) == seen.memo
    return seen


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """100 requests of the last 5 minutes: 80 fine, 10 not found, 4 of 500, 6 of 502."""
    statuses = [200] * 80 + [404] * 10 + [500] * 4 + [502] * 6
    return write(
        tmp_path / "access.log", (line(NOW - 2 * number, status) for number, status in enumerate(statuses))
    )


def test_counts_and_shares_of_the_window(log: Path) -> None:
    values = look(log).values
    assert {name: values[name] for name in ("requests", "count_404", "count_4xx", "count_5xx", "count_500")} == {
        "requests": 100, "count_404": 10, "count_4xx": 10, "count_5xx": 10, "count_500": 4,
    }  # fmt: skip
    assert (values["rate_2xx"], values["rate_404"], values["rate_500"]) == (0.8, 0.1, 0.04)
    assert (values["rate_502_504"], values["bytes"]) == (0.06, 10_000)
    assert values["per_second"] == pytest.approx(100 / 300)


def test_lines_are_counted_once_over_looks_and_rotation(log: Path) -> None:
    memo = look(log).memo
    write(log, [line(NOW + 1)])
    log.rename(f"{log}.1")
    write(log, [line(NOW + 2, 404)], at=NOW + 2)
    seen = look(log, memo, NOW + 2)
    assert (seen.values["requests"], seen.values["count_404"]) == (102, 11)
    assert look(log, seen.memo, NOW + 2).values["requests"] == 102


def test_too_few_requests_have_counts_but_no_shares(log: Path) -> None:
    values = look(log, min_requests=101).values
    assert (values["requests"], values["count_404"], values["rate_404"], values["p95"]) == (
        100,
        10,
        None,
        None,
    )
    assert look(log, min_requests=100).values["rate_404"] == 0.1


def test_condition_on_a_share_is_not_true_of_too_few_requests(log: Path) -> None:
    rules = Rules(KIND, (parse("rate_5xx > 2% and count_5xx >= 10"),), (parse("rate_404 > 5%"),))
    assert judge(look(log), rules, 0, 0.1).status is Status.DOWN
    assert judge(look(log, min_requests=200), rules, 0, 0.1).status is Status.OK


def test_built_in_conditions_want_a_share_and_a_number(tmp_path: Path) -> None:
    rules = Rules(KIND, (parse(str(KIND.down)),), (parse(str(KIND.degraded)),))
    verdicts = {}
    for failing in (1, 9, 10, 19, 20):
        path = write(tmp_path / f"{failing}.log", [line(NOW, 503)] * failing + [line(NOW)] * 5)
        verdicts[failing] = judge(look(path), rules, 0, 0.1).status.value
    assert verdicts == {1: "ok", 9: "ok", 10: "degraded", 19: "degraded", 20: "down"}


def test_silent_log_has_no_requests_after_the_window(log: Path) -> None:
    memo = look(log).memo
    values = look(log, memo, NOW + 301).values
    assert (values["requests"], values["rate_404"], values["silent"]) == (0, None, 301.0)


def test_latencies_where_the_log_says_them(tmp_path: Path) -> None:
    rest = '"-" "curl/8" {:.3f}'
    path = write(tmp_path / "t.log", (line(NOW, rest=rest.format(number / 100)) for number in range(1, 101)))
    written = (
        '$remote_addr - - [$time_local] "$request" $status $bytes_sent "$http_referer" "$http_user_agent" '
    )
    values = look(path, format=written + "$request_time").values
    shown = [values[name] for name in ("p50", "p95", "p99")]
    assert shown == [pytest.approx(share, rel=0.02) for share in (0.5, 0.95, 0.99)]


def test_only_the_wanted_virtual_hosts_count(tmp_path: Path) -> None:
    hosts = ["shop.example.org:443 "] * 3 + ["SHOP.example.org "] * 2 + ["blog.example.org "] * 4
    path = write(tmp_path / "v.log", (line(NOW, host=host) for host in hosts))
    assert look(path).values["requests"] == 9
    assert look(path, hosts="shop.example.org").values["requests"] == 5
    assert look(path, hosts=["*.example.org"]).values["requests"] == 9
    assert look(path, hosts=["mail.example.org"]).values["requests"] == 0


def test_log_without_virtual_hosts_cannot_be_asked_for_one(log: Path) -> None:
    first = look(log, hosts="shop.example.org")
    assert "does not name virtual hosts" in str(first.blind)
    again = look(log, first.memo, NOW + 600, hosts="shop.example.org")
    assert again.blind == first.blind, "no new lines, and nothing else is known"


def test_one_request_without_a_host_does_not_make_the_log_one_that_names_none(tmp_path: Path) -> None:
    path = write(tmp_path / "v.log", [line(NOW, host="blog.example.org "), line(NOW, 400, host="- ")])
    seen = look(path, hosts="shop.example.org")
    assert (seen.blind, seen.values["requests"]) == (None, 0)


@pytest.mark.parametrize(
    ("group_by", "worst"),
    [(1, "/api"), (2, "/api/pay"), (["/api/pay*", "/*"], "/api/pay*"), ("host", "pay.example")],
)
def test_worst_group_by_path_or_host(tmp_path: Path, group_by: object, worst: str) -> None:
    lines = [line(NOW, 502, "/api/pay/7?id=1", host="pay.example ")] * 10
    lines += [line(NOW, 200, "/api/list", host="www.example ")] * 30 + [
        line(NOW, 200, "/", host="www.example ")
    ] * 60
    values = look(write(tmp_path / "g.log", lines), group_by=group_by).values
    share = {"/api": 0.25}.get(worst, 1.0)
    assert (values["worst_5xx"], values["worst_rate_5xx"]) == (worst, share)
    assert (values["worst_404"], values["worst_rate_404"]) == (None, 0.0)


def test_evidence_names_paths_referrers_and_upstreams_without_secrets(tmp_path: Path) -> None:
    lines = [line(NOW, 404, "/old.html?token=abcdef", '"https://u:secret@ref.example/page" "curl/8"')] * 3
    lines += [line(NOW, 502, "/reset/password=hunter22/x\\x1b[31m\u202e")] * 2 + [
        line(NOW, 403, "/wp-login.php")
    ]
    notes = "\n".join(look(write(tmp_path / "e.log", lines)).notes)
    assert "404: /old.html (3)" in notes
    assert "other 4xx: 403 /wp-login.php (1)" in notes
    assert "referrers of 404: https://***@ref.example/page (3)" in notes
    assert "5xx: 502 /reset/password=***" in notes
    for hidden in ("abcdef", "secret", "hunter22", "\u202e", "\x1b"):
        assert hidden not in notes


def test_good_traffic_has_no_evidence(tmp_path: Path) -> None:
    assert look(write(tmp_path / "g.log", [line(NOW)] * 5)).notes == ()


def test_malformed_lines_are_counted_and_harm_nothing(log: Path) -> None:
    memo = look(log).memo
    write(log, ["\x16\x03\x01 nonsense\n", "\n", "x" * (1 << 21) + "\n", line(NOW)])
    values = look(log, memo).values
    assert (values["requests"], values["malformed"]) == (101, 2)


def test_nothing_but_nonsense_is_blind_not_fine(tmp_path: Path) -> None:
    seen = look(write(tmp_path / "n.log", ["no access log at all\n"] * 20))
    assert "cannot tell the format" in str(seen.blind)
    assert seen.error_kind is ErrorKind.LOCAL
    named = look(write(tmp_path / "m.log", ["no access log at all\n"] * 20), format="combined")
    assert "none of the last 20 lines could be read as combined" in str(named.blind)


def test_lines_from_the_future_are_left_out_and_told(log: Path) -> None:
    memo = look(log).memo
    write(log, [line(NOW + 86_400, 500)] * 3)
    seen = look(log, memo)
    assert seen.values["requests"] == 100
    assert "3 lines claim to be later than now and were left out" in seen.notes


def test_log_whose_every_line_is_from_the_future_is_blind(tmp_path: Path) -> None:
    assert "later than now" in str(look(write(tmp_path / "f.log", [line(NOW + 86_400)])).blind)


def test_missing_log_is_unknown_with_a_remedy(tmp_path: Path) -> None:
    seen = look(tmp_path / "none.log")
    assert seen.blind == f"there is no file {tmp_path}/none.log (check `path`)"


def test_log_that_is_gone_for_a_moment_keeps_its_window(log: Path) -> None:
    memo = look(log).memo
    log.rename(f"{log}.1")
    seen = look(log, memo)
    assert (seen.blind, seen.values["requests"]) == (None, 100)
    assert "there is no file" in str(look(log, seen.memo).blind)
    write(log, [line(NOW, 404)])
    assert look(log, look(log, seen.memo).memo).values["requests"] == 101


def test_one_of_several_logs_that_cannot_be_read_is_told_of(log: Path) -> None:
    (log.parent / "other.log").mkdir()
    seen = look(log.parent / "*.log")
    assert (seen.blind, seen.values["requests"]) == (None, 100)
    assert any("is a directory" in note for note in seen.notes)


def test_header_of_a_w3c_log_is_known_from_its_begin_also_later(tmp_path: Path) -> None:
    fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes time-taken\n"
    stamp = datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%d %H:%M:%S")
    rows = [f"{stamp} 192.0.2.1 GET /a {status} 10 7\n" for status in (200, 404)]
    path = write(tmp_path / "u_ex.log", ["#Version: 1.0\n", fields, rows[0]])
    memo = look(path).memo
    write(path, rows)
    assert look(path, memo).values["count_404"] == 1


def test_backlog_is_eaten_in_bites_and_told(tmp_path: Path, log: Path) -> None:
    path = tmp_path / "big.log"
    memo = look(write(path, [line(NOW)])).memo
    write(path, [line(NOW)] * 40_000)
    spec = AccessLogSpec.model_validate({"path": str(path)})
    first = sample(spec, memo, NOW, 0.0)
    assert 0 < int(first.values["behind"] or 0) < path.stat().st_size
    memo, looks = first.memo, 1
    while sample(spec, memo, NOW, 0.0).values["behind"]:
        memo, looks = sample(spec, memo, NOW, 0.0).memo, looks + 1
        assert looks < 20
    assert sample(spec, memo, NOW, 5.0).values["requests"] == 40_001


@pytest.mark.parametrize(
    "memo",
    [0, [], {"files": 1, "formats": 2, "window": 3}, {"files": {}, "formats": {"x": [1]}, "window": {}}],
)
def test_memo_of_another_shape_is_a_first_look(log: Path, memo: Any) -> None:
    assert look(log, memo).values["requests"] == 100


@pytest.mark.parametrize(
    "options",
    [
        {"path": "relative.log"},
        {"path": []},
        {"path": "/x", "window": "1s"},
        {"path": "/x", "window": "2d"},
        {"path": "/x", "min_requests": 0},
        {"path": "/x", "group_by": 0},
        {"path": "/x", "group_by": "api"},
        {"path": "/x", "group_by": []},
        {"path": "/x", "group_by": True},
        {"path": "/x", "hosts": "a b"},
        {"path": "/x", "format": "combinde"},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AccessLogSpec.model_validate(options)
