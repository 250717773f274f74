"""What a verdict rests on: what is only foreseen, the share of requests that fails, the versions that answered."""

from __future__ import annotations

import pytest

from checks.base import Observation, Reading, Scalar, Status
from checks.judge import Rules, judge
from checks.registry import all_kinds
from config.conditions import parse

KINDS = all_kinds()


def seen(
    kind: str, degraded: str, values: dict[str, Scalar], *, down: str = "", says: Status | None = None
) -> Reading:
    of = KINDS[kind]
    conditions = [parse(each, of.measures, others=True) for each in (down, degraded) if each]
    rules = Rules(of, conditions[:1] if down else (), conditions[-1:] if degraded else ())
    return judge(Observation(values=values, says=says), rules, 0, 0.01)


@pytest.mark.parametrize(
    ("kind", "degraded", "values"),
    [
        ("disk", "full_in < 6h", {"full_in": 3600.0, "used": 0.5}),
        ("disk", "full_in_most < 12h", {"full_in_most": 60.0}),
        ("disk", 'value "full_in" < 6h', {"full_in": 60.0}),
        ("disk", "used > 90% or full_in < 6h", {"full_in": 60.0, "used": 0.5}),
        ("disk", "not full_in >= 6h", {"full_in": 60.0}),
        ("api", "quota_exhausted_in < quota_reset", {"quota_exhausted_in": 60.0, "quota_reset": 600.0}),
        ("api", "sunset_days < 30", {"sunset_days": 12.0}),
        ("http", "cert_days < 14 and chain_days < 30", {"cert_days": 5.0, "chain_days": 5.0}),
        ("tls", "cert_days < 14 or exists weak", {"cert_days": 5.0, "weak": None}),
        ("smtp", "cert_days < 14", {"cert_days": 5.0}),
        ("tcp", "chain_days < 14", {"chain_days": 5.0}),
        ("dns", "cert_days < 14", {"cert_days": 0.5}),
    ],
)
def test_a_verdict_on_nothing_but_time_left_is_a_forecast(
    kind: str, degraded: str, values: dict[str, Scalar]
) -> None:
    reading = seen(kind, degraded, values)
    assert (reading.status, reading.forecast) == (Status.DEGRADED, True)


@pytest.mark.parametrize(
    ("kind", "degraded", "values"),
    [
        ("disk", "used > 90% or full_in < 6h", {"full_in": 60.0, "used": 0.95}),
        ("disk", "used > 80% and full_in < 6h", {"full_in": 60.0, "used": 0.85}),
        ("disk", "full_in < 6h", {"full_in": 0.0}),
        ("http", "cert_days < 14", {"cert_days": -0.5}),
        ("http", "latency > 1s", {"latency": 2.0, "cert_days": 5.0}),
        ("api", "quota_used > 80%", {"quota_used": 0.9}),
    ],
)
def test_what_has_come_about_or_rests_on_more_is_no_forecast(
    kind: str, degraded: str, values: dict[str, Scalar]
) -> None:
    reading = seen(kind, degraded, values)
    assert (reading.status, reading.forecast) == (Status.DEGRADED, False)


def test_good_and_down_readings_and_the_word_of_a_program_are_no_forecasts() -> None:
    assert not seen("disk", "full_in < 1h", {"full_in": 7200.0}).forecast
    down = seen("disk", "full_in < 6h", {"full_in": 60.0}, down="full_in < 1h")
    assert (down.status, down.forecast) == (Status.DOWN, False)
    said = seen("http", "cert_days < 14", {"cert_days": 5.0}, says=Status.DEGRADED)
    assert (said.status, said.forecast) == (Status.DEGRADED, False)


def test_of_several_file_systems_all_that_are_degraded_must_only_be_foreseen_to_fill_up() -> None:
    of = KINDS["disk"]
    rules = Rules(of, (), [parse("used > 90% or full_in < 6h", of.measures)])

    def look(**parts: Observation) -> bool:
        return judge(Observation(parts=parts), rules, 0, 0.01).forecast

    soon, full, well = (
        Observation(values={"used": used, "full_in": left})
        for used, left in ((0.5, 60.0), (0.95, None), (0.1, None))
    )
    assert look(a=soon, b=well)
    assert not look(a=soon, b=full)


def test_the_share_of_requests_is_the_largest_that_the_verdict_rests_on() -> None:
    rates: dict[str, Scalar] = {"rate_5xx": 0.3, "rate_404": 0.6, "count_5xx": 30, "p95": 2.0}
    assert seen("access_log", "rate_5xx > 5% and count_5xx >= 10", rates).share == 0.3
    assert seen("access_log", "rate_5xx > 5% or rate_404 > 25%", rates).share == 0.6
    assert seen("access_log", "p95 > 1s", rates).share is None
    assert seen("access_log", "rate_5xx > 50%", rates).share is None
    assert seen("http", "latency > 1s", {"latency": 2.0}).share is None


def test_headers_that_tell_of_a_version_are_kept_without_secrets() -> None:
    headers = (
        ("Server", "nginx/1.25"),
        ("X-App-Version", "2.3 (token=canary-5318008)"),
        ("X-Build-Token", "canary-5318008"),
        ("X-Build-Id", "77"),
        ("Content-Type", "text/html"),
        *((f"X-Version-{number}", "x" * 500) for number in range(20)),
    )
    of = KINDS["http"]
    rules = Rules(of, [parse("status not in 200..299", of.measures)], ())
    for status in (200, 503):
        found = judge(Observation(values={"status": status}, headers=headers), rules, 0, 0.01).versions
        assert found["server"] == "nginx/1.25"
        assert found["x-build-id"] == "77"
        assert "content-type" not in found
        assert len(found) == 10
        assert max(map(len, found.values())) <= 100
        assert "canary" not in str(found)
