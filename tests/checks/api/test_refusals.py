"""Throttled, refused at the door, or in trouble: what a failing answer means."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.api.hearing import NOW, Headers, heard

_LEFT = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "57"}
_NONE_LEFT = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (429, {}, ""),
        (420, {}, ""),
        (456, {}, ""),
        (403, _NONE_LEFT, ""),
        (403, {"Retry-After": "60"}, ""),
        (403, {**_LEFT, "Retry-After": "60"}, ""),
        (403, _LEFT, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}),
        (403, {}, {"error": {"errors": [{"reason": "userRateLimitExceeded"}], "code": 403}}),
        (403, {}, {"error": {"errors": [{"reason": "quotaExceeded"}], "code": 403}}),
        (403, {}, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]),
        (503, {}, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
        (503, _NONE_LEFT, ""),
        (400, {"x-amzn-ErrorType": "ThrottlingException:"}, ""),
        (402, {}, {"message": "monthly limit reached"}),
        (400, {}, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
        (200, {}, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}),
        (200, {}, {"ok": False, "error": "ratelimited"}),
        (200, {}, {"errors": [{"message": "Throttled"}], "extensions": {"cost": {}}}),
        (200, {}, {"status": "OVER_QUERY_LIMIT", "error_message": "You have exceeded your daily quota"}),
    ],
)
def test_too_much_was_asked(status: int, headers: Headers, body: Any) -> None:
    seen = heard(status, headers, body)
    assert (seen.throttling.throttled, seen.refused) == (True, None)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (503, {}, ""),
        (503, {"Retry-After": "120"}, ""),
        (500, _NONE_LEFT, ""),
        (529, {}, {"error": {"type": "overloaded_error"}}),
        (403, _LEFT, ""),
        (401, _NONE_LEFT, ""),
        (404, _LEFT, {"message": "rate limit exceeded"}),
        (503, {}, {"status": "DOWN", "details": {"db": "connection limit exceeded"}}),
        (400, {}, {"message": "page size limit exceeded"}),
        (200, _NONE_LEFT, ""),
        (200, {}, {"error": "not found", "note": "THROTTLED"}),
        (200, {}, {"events": [{"code": "THROTTLED", "message": "Throttled"}]}),
    ],
)
def test_in_trouble_or_refused_is_not_throttled(status: int, headers: Headers, body: Any) -> None:
    assert not heard(status, headers, body).throttling.throttled


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("4.0", 4),
        ("0.5", 0.5),
        ("0", 0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60),
        ("Tue Nov 14 22:14:20 2023", 60),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("-5", None),
        ("later", None),
        ("9" * 30, None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_below_none(value: str, seconds: float | None) -> None:
    assert heard(429, {"Retry-After": value}).throttling.retry_after == seconds


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {"message": "You are being rate limited.", "retry_after": 13.57, "global": False}, 13.57),
        ({}, {"ok": False, "error_code": 429, "parameters": {"retry_after": 35}}, 35),
        ({}, {"error": {"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "36s"}]}}, 36),
        ({"Retry-After": "2"}, {"retry_after": 99}, 2),
        ({"X-RateLimit-Retry-After": "20"}, "", 20),
        ({"X-RateLimit-Retry-After": "1700000020"}, "", 20),
        ({}, {"retry_after": "soon"}, None),
        ({}, {"retry_after": -3}, None),
    ],
    ids=str,
)
def test_wait_is_found_where_there_is_no_retry_after(
    headers: Headers, body: Any, seconds: float | None
) -> None:
    assert heard(429, headers, body).throttling.retry_after == seconds


def test_retry_after_in_milliseconds_is_finer() -> None:
    assert heard(429, {"Retry-After": "2", "retry-after-ms": "1534"}).throttling.retry_after == 1.534


def test_date_of_retry_after_is_by_the_servers_clock() -> None:
    headers = {"Retry-After": "Sat, 01 Jan 2000 00:10:30 GMT", "Date": "Sat, 01 Jan 2000 00:10:00 GMT"}
    assert heard(503, headers, now=NOW).throttling.retry_after == 30


@pytest.mark.parametrize(
    ("status", "headers", "body", "wanted"),
    [
        (401, {}, "", "our login is refused"),
        (403, {}, "", "our login may not do this"),
        (407, {}, "", "the proxy refuses our login"),
        (
            401,
            {
                "WWW-Authenticate": 'Bearer realm="a, b", error="invalid_token", error_description="It expired"'
            },
            "",
            "our token or key has expired or was revoked (invalid_token, It expired)",
        ),
        (401, {}, {"error": {"code": "token_expired"}}, "our token or key has expired or was revoked"),
        (
            403,
            {},
            "<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>",
            "our token or key has expired or was revoked",
        ),
        (400, {}, {"error": "invalid_grant"}, "our login is refused"),
        (400, {}, {"error": {"details": [{"reason": "API_KEY_INVALID"}]}}, "our login is refused"),
        (498, {}, {"error": {"code": 498}}, "our login is refused"),
        (400, {"x-amzn-ErrorType": "UnrecognizedClientException"}, "", "our login is refused"),
        (403, {}, "<Error><Code>SignatureDoesNotMatch</Code></Error>", "our login is refused"),
        (
            400,
            {},
            {"error": {"message": "Error validating access token: Session has expired", "code": 190}},
            "our token or key has expired or was revoked",
        ),
        (403, {"cf-mitigated": "challenge"}, "<html>", "a bot protection before the API turns us away"),
        (200, {}, {"ok": False, "error": "invalid_auth"}, "our login is refused (invalid_auth)"),
        (
            200,
            {},
            {"ok": False, "error": "token_expired"},
            "our token or key has expired or was revoked (token_expired)",
        ),
        (
            200,
            {},
            {"data": None, "errors": [{"extensions": {"code": "UNAUTHENTICATED"}}]},
            "our login is refused (UNAUTHENTICATED)",
        ),
        (200, {}, {"ok": False, "error": "channel_not_found"}, None),
        (200, {}, {"ok": True, "error": "invalid_auth"}, None),
        (200, {}, {"errors": ["invalid_auth"]}, None),
        (200, {}, {"errors": [{"extensions": "invalid_auth"}]}, None),
        (400, {}, {"error": "field name is missing"}, None),
        (404, {}, {"error": "invalid_token"}, None),
        (500, {}, {"error": "invalid_token"}, None),
    ],
)
def test_refused_login_is_told_with_its_reason(
    status: int, headers: Headers, body: Any, wanted: str | None
) -> None:
    assert heard(status, headers, body).refused == wanted
