"""Headers that tell a quota: the dialects of vendors and of the IETF's drafts, and which of several limits counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.api.hearing import NOW, Headers, bucket, figures, heard, quota


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        (
            {
                "x-rate-limit-limit": "900",
                "x-rate-limit-remaining": "899",
                "x-rate-limit-reset": "1700000900",
            },
            (900, 899, 900),
        ),
        (
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": "1700000060123"},
            (60, 59, 60.123),
        ),
        (
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset-Ms": "1500"},
            (60, 59, 1.5),
        ),
        (
            {
                "X-RateLimit-Limit": "60",
                "X-RateLimit-Remaining": "59",
                "X-RateLimit-Reset": "2023-11-14T22:14Z",
            },
            (60, 59, 40),
        ),
        (
            {"X-RateLimit-Remaining": "584.0", "X-RateLimit-Used": "16", "X-RateLimit-Reset": "300"},
            (None, 584, 300),
        ),
        (
            {
                "RateLimit-DailyLimit": "5000",
                "RateLimit-Remaining": "4900",
                "RateLimit-ResetTime": "2023-11-15T00:00:00+00:00",
            },
            (5000, 4900, 6400),
        ),
        (
            {
                "X-RateLimit-Total": "50",
                "X-RateLimit-Remaining": "49",
                "X-RateLimit-Used-CurrentRequest": "1",
            },
            (50, 49, None),
        ),
        (
            {
                "X-Discogs-Ratelimit": "60",
                "X-Discogs-Ratelimit-Used": "2",
                "X-Discogs-Ratelimit-Remaining": "58",
            },
            (60, 58, None),
        ),
        ({"x-requests-remaining": "450", "x-requests-used": "50", "x-requests-last": "1"}, (None, 450, None)),
        (
            {"Sforce-Limit-Info": "api-usage=4900/5000; per-app-api-usage=17/250(appName=shop)"},
            (5000, 100, None),
        ),
        ({"zendesk-ratelimit-tickets-index": "total=100; remaining=98; resets=41"}, (100, 98, 41)),
        (
            {"RateLimit-Limit": "100, 100;window=60", "RateLimit-Remaining": "5", "RateLimit-Reset": "12"},
            (100, 5, 12),
        ),
        ({"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=10'}, (100, 50, 30)),
        ({"RateLimit": "default;r=50;t=30", "RateLimit-Policy": "default;q=100;w=10"}, (100, 50, 30)),
        ({"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"}, (100, 76, None)),
        (
            {
                "X-Rate-Limit-Requests-Left": "15",
                "X-Rate-Limit-Requests-Quota": "150",
                "X-Rate-Limit-Time-Reset-Ms": "15000",
                "X-Rate-Limit-Time-Window-Ms": "30000",
            },
            (150, 15, 15),
        ),
        ({"RateLimit-Remaining": "2400"}, (None, 2400, None)),
        ({"RateLimit-Remaining": "2400", "RateLimit-Multiplier": "1"}, (None, 2400, None)),
        (
            {"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "2023-11-14 22:14:20 UTC"},
            (None, 7, 60),
        ),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_one_limit_in_a_vendors_own_words(headers: Headers, wanted: tuple[Any, ...]) -> None:
    assert figures(bucket(headers)) == wanted


@pytest.mark.parametrize(
    ("headers", "name", "wanted"),
    [
        (
            {
                "X-RateLimit-Limit-Minute": "10",
                "X-RateLimit-Remaining-Minute": "1",
                "X-RateLimit-Limit-Day": "1000",
                "X-RateLimit-Remaining-Day": "900",
            },
            "minute",
            (10, 1, None),
        ),
        ({"X-RateLimit-Limit": "600,30000", "X-RateLimit-Usage": "14,29536"}, "2", (30000, 464, None)),
        ({"X-App-Rate-Limit": "20:1,100:120", "X-App-Rate-Limit-Count": "1:1,99:120"}, "2", (100, 1, None)),
        (
            {
                "X-HubSpot-RateLimit-Daily": "250000",
                "X-HubSpot-RateLimit-Daily-Remaining": "907",
                "X-HubSpot-RateLimit-Max": "100",
                "X-HubSpot-RateLimit-Remaining": "99",
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            },
            "daily",
            (250000, 907, None),
        ),
        (
            {
                "X-Rate-Limit-Api-Key-Max": "300",
                "X-Rate-Limit-Api-Key-Remaining": "299",
                "X-Rate-Limit-Api-Token-Max": "100",
                "X-Rate-Limit-Api-Token-Remaining": "3",
                "X-Rate-Limit-Api-Token-Interval-Ms": "10000",
            },
            "api-token",
            (100, 3, None),
        ),
        (
            {
                "x-limit-per-second": "10",
                "x-remaining-this-second": "9",
                "x-limit-per-day": "10000",
                "x-remaining-today": "12",
            },
            "day",
            (10000, 12, None),
        ),
        (
            {"Auth0-Client-Quota-Limit": "b=per_hour;q=100;r=99;t=1,b=per_day;q=300;r=5;t=9"},
            "per_day",
            (300, 5, 9),
        ),
        (
            {
                "RateLimit-Policy": '"burst";q=100;w=60,"daily";q=1000;w=86400',
                "RateLimit": '"burst";r=50;t=30, "daily";r=20;t=3600',
            },
            "daily",
            (1000, 20, 3600),
        ),
        ({"RateLimit": '"user";r=5;t=1;pk=:eA==:, "user";r=0;t=7;pk=:eQ==:'}, "user", (None, 0, 7)),
        (
            {
                "x-quota-daily-limit": "100",
                "x-quota-daily-remaining": "10",
                "x-quota-monthly-limit": "1000",
                "x-quota-monthly-remaining": "900",
            },
            "daily",
            (100, 10, None),
        ),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_of_several_limits_the_one_with_the_least_left_counts(
    headers: Headers, name: str, wanted: tuple[Any, ...]
) -> None:
    found = quota(headers)
    assert len(found.buckets) > 1
    assert (found.tightest.name, figures(found.tightest)) == (name, wanted)


def test_limits_of_an_unknown_share_follow_in_the_order_of_the_answer() -> None:
    headers = {"x-ms-ratelimit-remaining-reads": "11998", "x-ms-ratelimit-remaining-writes": "3"}
    assert figures(bucket(headers)) == (None, 11998, None)
    assert bucket({**headers, "x-ms-ratelimit-remaining-writes": "0"}).name == "writes"


def test_same_limit_told_twice_stays_one_limit() -> None:
    headers = {
        "X-Rate-Limit": "700",
        "X-Rate-Limit-Remaining": "699",
        "ratelimit-limit": "700",
        "ratelimit-remaining": "698",
    }
    assert [figures(each) for each in quota(headers).buckets] == [(700, 698, None)]


def test_header_sent_twice_counts_by_its_worse_word() -> None:
    found = bucket(
        [("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "5"), ("X-RateLimit-Remaining", "3")]
    )
    assert figures(found) == (10, 3, None)


def test_relative_reset_is_trusted_before_a_date_and_a_date_before_a_number() -> None:
    after, date, number = (
        ("X-RateLimit-Reset-After", "64.57"),
        ("RateLimit-ResetTime", "Tue, 14 Nov 2023 22:14:00 GMT"),
        ("X-RateLimit-Reset", "9"),
    )
    left = ("X-RateLimit-Remaining", "0")
    assert figures(bucket([left, number, date, after]))[2] == 64.57
    assert figures(bucket([left, number, date]))[2] == 40
    assert figures(bucket([left, number]))[2] == 9


def test_moments_are_reckoned_by_the_servers_own_clock() -> None:
    headers = {
        "X-RateLimit-Remaining": "1",
        "X-RateLimit-Reset": "1600000060",
        "Date": "Sun, 13 Sep 2020 12:26:40 GMT",
    }
    assert figures(heard(200, headers, now=NOW).quota.tightest) == (None, 1, 60)


def test_reset_without_a_count_of_its_own_is_that_of_its_family() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-reset": "30",
    }
    assert figures(bucket(headers)) == (10, 9, 30)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-RateLimit-Limit": "-1", "X-RateLimit-Remaining": "-1"},
        {"X-RateLimit-Limit": "unlimited", "X-RateLimit-Remaining": "NaN"},
        {"X-RateLimit-Remaining": "1e99"},
        {"X-RateLimit-Remaining": "٣"},
        {"x-total-count": "100", "x-total-hits": "400", "x-page-limit": "20", "x-request-id": "7"},
        {"Keep-Alive": "timeout=5, max=100", "Content-Length": "12"},
        {"X-RateLimit-Resource": "core", "X-RateLimit-Bucket": "1234", "X-RateLimit-Cost": "2"},
        {"X-Sentry-Rate-Limits": "60:transaction:key, 2700:default;error:organization"},
        {"X-RateLimit-Weight": "5", "X-RateLimit-NearLimit": "1", "X-RateLimit-Retry-After": "20"},
        {"anthropic-ratelimit-unified-fallback-percentage": "0.5"},
        {f"x-ratelimit-remaining{'-a' * 20}": "5"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_what_tells_no_quota_is_none(headers: Headers) -> None:
    assert quota(headers).buckets == ()


@pytest.mark.parametrize(
    "reset", ["in 5m", "-5", "NaN", "soon", "9" * 40, "99999999999", "0000-00-00T00:00:00Z", ""]
)
def test_reset_that_cannot_be_read_is_dropped_and_not_guessed(reset: str) -> None:
    assert figures(bucket({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": reset})) == (None, 3, None)


def test_shares_without_counts_are_shares() -> None:
    usage = '{"call_count":28,"total_time":95,"total_cputime":25}'
    assert bucket({"X-App-Usage": usage}).used_share == 0.95
    assert bucket({"anthropic-ratelimit-unified-5h-utilization": "0.26"}).used_share == 0.26
    assert bucket({"X-RateLimit-Usage-Percent": "1"}).used_share == 0.01
    assert bucket({"X-RateLimit-Usage-Percent": "85%"}).used_share == 0.85


def test_limits_named_in_the_value_are_told_apart() -> None:
    value = "Microsoft.Compute/HighCostGet3Min;107,Microsoft.Compute/HighCostGet30Min;0"
    found = quota({"x-ms-ratelimit-remaining-resource": value})
    assert [(each.name, each.left) for each in found.buckets] == [
        ("Microsoft.Compute/HighCostGet3Min", 107),
        ("Microsoft.Compute/HighCostGet30Min", 0),
    ]
    assert found.tightest.left == 0
