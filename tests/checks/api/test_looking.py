"""One look at an API, and the next: verdicts, values, and looks that are not made."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.base import ErrorKind, Status
from config.errors import ConfigError
from tests.checks.api.asking import looked, looks, replying
from tests.checks.http.web import check_of

LEFT = ("X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 900", "X-RateLimit-Reset: 3600")


def test_good_answer_tells_its_quota_in_values_and_message() -> None:
    reading = looked(replying(200, {"id": 1}, *LEFT, "API-Version: 7"))
    values = dict(reading.values)
    assert (reading.status, reading.error_kind) == (Status.OK, None)
    assert reading.message == "status 200; quota 900 of 1000 left, full again in 1h"
    assert (values["quota_limit"], values["quota_remaining"], values["quota_used"]) == (1000, 900, 0.1)
    assert (values["quota_reset"], values["own_requests"], values["api_version"]) == (3600, 1, "7")
    assert (values["throttled"], values["deprecated"], values["fault"]) == (False, False, None)


def test_throttled_is_degraded_and_not_down() -> None:
    reading = looked(replying(429, "", "Retry-After: 60"))
    assert (reading.status, reading.error_kind) == (Status.DEGRADED, ErrorKind.QUOTA)
    assert "throttled, asked to wait 1m" in reading.message
    assert reading.values["fault"] == "ours"


def test_throttled_is_no_outage_either_where_statuses_are_named() -> None:
    options = {"accept_status": "200"}
    assert looked(replying(429), **options).status is Status.DEGRADED
    assert looked(replying(204), **options).status is Status.DOWN


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ErrorKind.AUTH),
        (403, ErrorKind.AUTH),
        (407, ErrorKind.AUTH),
        (500, ErrorKind.STATUS),
        (404, ErrorKind.STATUS),
    ],
)
def test_refused_login_is_told_apart_from_an_outage(status: int, kind: ErrorKind) -> None:
    reading = looked(replying(status))
    assert (reading.status, reading.error_kind) == (Status.DOWN, kind)


def test_reason_of_a_refused_login_is_not_masked_as_a_secret() -> None:
    challenge = 'WWW-Authenticate: Bearer error="invalid_token", error_description="expired yesterday"'
    assert "(invalid_token, expired yesterday)" in looked(replying(401, "", challenge)).message


def test_login_that_is_refused_with_a_good_status_is_down_as_well() -> None:
    reading = looked(replying(200, {"ok": False, "error": "invalid_auth"}))
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.AUTH)
    assert "our login is refused (invalid_auth)" in reading.message
    assert reading.values["fault"] == "ours"


def test_login_that_should_be_refused_is_well() -> None:
    reading = looked(replying(401), accept_status="401")
    assert (reading.status, reading.error_kind) == (Status.OK, None)


def test_answer_that_breaks_its_schema_is_down_and_says_where() -> None:
    schema = {"type": "object", "properties": {"plan": {"type": "object", "required": ["name"]}}}
    reading = looked(replying(200, {"plan": {}}), schema=schema)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.CONTENT)
    assert "$.plan" in reading.message
    assert "name" in reading.message


def test_error_keeps_to_no_schema_and_is_what_it_is() -> None:
    schema = {"type": "object", "required": ["plan"]}
    throttled = looked(replying(429, {"message": "slow down"}), schema=schema)
    refused = looked(replying(401, "no"), schema=schema)
    assert (throttled.status, throttled.error_kind) == (Status.DEGRADED, ErrorKind.QUOTA)
    assert (refused.status, refused.error_kind) == (Status.DOWN, ErrorKind.AUTH)


def test_error_that_is_asked_for_keeps_to_its_schema() -> None:
    options = {"accept_status": "404", "schema": {"type": "object", "required": ["code"]}}
    assert looked(replying(404, {"code": 7}), **options).status is Status.OK
    broken = looked(replying(404, {}), **options)
    assert broken.status is Status.DOWN
    assert "breaks schema" in broken.message


def test_count_of_what_is_used_is_told_beside_its_share() -> None:
    values = looked(replying(200, "", *LEFT, "X-RateLimit-Used: 100")).values
    assert (values["quota_used"], values["quota_used_count"]) == (0.1, 100)
    assert looked(replying(200, "", *LEFT)).values["quota_used_count"] is None


@pytest.mark.parametrize(
    ("document", "status"), [("DOWN", Status.DOWN), ("DEGRADED", Status.DEGRADED), ("UP", Status.OK)]
)
def test_health_decides_whatever_the_status(document: str, status: Status) -> None:
    body = {"status": document, "components": {"db": {"status": document}}}
    reading = looked(replying(200, body))
    assert reading.status is status
    assert ("db" in str(reading.values["unhealthy"])) == (status is not Status.OK)


def test_health_that_is_not_known_is_unknown() -> None:
    reading = looked(replying(200, {"status": "UNKNOWN"}))
    assert (reading.status, reading.values["health"]) == (Status.UNKNOWN, "unknown")
    asked = looked(replying(200, {"weather": "fine"}), health="auto")
    assert asked.status is Status.UNKNOWN
    assert "the answer is no health document" in str(asked.notes)


def test_sunset_within_a_month_is_degraded() -> None:
    assert looked(replying(200, "", "Sunset: Fri, 31 Dec 1999 23:59:59 GMT")).status is Status.DEGRADED
    assert looked(replying(200, "", "Sunset: Thu, 31 Dec 2099 23:59:59 GMT")).status is Status.OK


@pytest.mark.parametrize(("reset", "status"), [(3600, Status.DEGRADED), (30, Status.OK)])
def test_quota_that_is_nearly_used_up_for_longer_is_degraded(reset: int, status: Status) -> None:
    headers = ("X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 80", f"X-RateLimit-Reset: {reset}")
    assert looked(replying(200, "", *headers)).status is status


def test_nothing_is_asked_while_the_vendor_wants_us_to_wait() -> None:
    (first, second, third), asked = looks(replying(429, "", "Retry-After: 600"), times=3)
    assert first.status is Status.DEGRADED
    assert len(asked) == 1
    for reading in (second, third):
        assert (reading.status, reading.error_kind) == (Status.UNKNOWN, ErrorKind.QUOTA)
        assert "the vendor throttles us and asks us to wait: not asked for another" in reading.message
        assert 590 < float(reading.values["quota_reset"] or 0) <= 600


def test_last_of_the_quota_is_not_burnt() -> None:
    headers = ("X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 20", "X-RateLimit-Reset: 600")
    (_, second), asked = looks(replying(200, "", *headers), times=2)
    assert (second.status, len(asked)) == (Status.UNKNOWN, 1)
    assert "20 of 1000 of the quota is left" in second.message
    _, asked = looks(replying(200, "", *headers), times=2, quota={"reserve": "1%"})
    assert len(asked) == 2


def test_check_keeps_to_its_own_share() -> None:
    headers = ("X-RateLimit-Limit: 1000", "X-RateLimit-Remaining: 900", "X-RateLimit-Reset: 600")
    found, asked = looks(replying(200, "", *headers), times=4, quota={"own_share": "0.2%"})
    assert len(asked) == 2
    assert [reading.status for reading in found] == [Status.OK, Status.OK, Status.UNKNOWN, Status.UNKNOWN]
    assert [reading.values.get("own_requests") for reading in found[:2]] == [1, 2]
    assert "this check itself used 2 of 1000, look less often (quota.own_share)" in found[2].message


def test_trouble_of_the_vendor_is_looked_at_again_whatever_it_asks() -> None:
    found, asked = looks(replying(503, "", "Retry-After: 600"), times=2)
    assert [reading.status for reading in found] == [Status.DOWN, Status.DOWN]
    assert len(asked) == 2
    assert "asks to come back in 10m" in found[0].message


def test_forecast_is_unknown_to_conditions_until_there_is_enough_to_go_by() -> None:
    reading = looked(replying(200, "", *LEFT), degraded="quota_exhausted_in < 1h")
    assert reading.status is Status.UNKNOWN
    assert "quota_exhausted_in: is told after looks over five minutes, or twenty over one" in reading.notes
    assert looked(replying(200), degraded="quota_exhausted_in < 1h").status is Status.OK


@pytest.mark.parametrize(
    ("quota", "headers", "body"),
    [
        (
            {"limit": "X-Most", "remaining": "X-Left", "reset": "X-Until"},
            ("X-Most: 10", "X-Left: 8", "X-Until: 30s"),
            "",
        ),
        ({"limit": 10, "remaining": "x-left", "reset": "X-Until"}, ("X-Left: 8", "X-Until: 30"), ""),
        ({"limit": 10, "used": "$.used", "reset": "$.until"}, (), {"used": 2, "until": "30s"}),
        (
            {"limit": "$.plans[*].max", "remaining": "$.plans[*].left", "reset": "$.again"},
            (),
            {"plans": [{"max": 100, "left": 99}, {"max": 10, "left": 8}], "again": 30},
        ),
        ({"limit": "X-Use", "used": "X-Use", "reset": "$.t"}, ("X-Use: 2/10",), {"t": 30}),
    ],
)
def test_quota_is_read_where_the_operator_says(quota: object, headers: tuple[str, ...], body: object) -> None:
    values = looked(replying(200, body, *headers, "X-RateLimit-Remaining: 1"), quota=quota).values
    assert (values["quota_limit"], values["quota_remaining"], values["quota_reset"]) == (10, 8, 30)
    assert values["quota_used"] == 0.2


def test_quota_that_is_not_where_the_operator_says_is_unknown() -> None:
    reading = looked(replying(200, {"left": "many"}), quota={"remaining": "$.left"})
    assert reading.status is Status.UNKNOWN
    assert "the answer tells no $.left" in str(reading.notes)
    assert looked(replying(500), quota={"remaining": "$.left"}).status is Status.DOWN


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"items": [], "quota_max": 300, "quota_remaining": 297}, (300, 297, None)),
        (
            {"data": {"rateLimit": {"limit": 5000, "remaining": 4999, "resetAt": "2999-01-01T00:00:00Z"}}},
            (5000, 4999, None),
        ),
        (
            {
                "extensions": {
                    "cost": {
                        "throttleStatus": {
                            "maximumAvailable": 1000.0,
                            "currentlyAvailable": 952,
                            "restoreRate": 50.0,
                        }
                    }
                }
            },
            (1000, 952, None),
        ),
        (
            {
                "resources": {
                    "core": {"limit": 60, "remaining": 59, "used": 1, "reset": 30},
                    "search": {"limit": 10, "remaining": 2, "reset": 30},
                }
            },
            (10, 2, 30),
        ),
        (
            {"resources": {"help": {"/help/settings": {"limit": 15, "remaining": 14, "reset": 30}}}},
            (15, 14, 30),
        ),
    ],
)
def test_quota_of_known_documents_is_read(body: object, wanted: tuple[object, ...]) -> None:
    values = looked(replying(200, body)).values
    assert (values["quota_limit"], values["quota_remaining"], values["quota_reset"]) == wanted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quota": {"limit": "$.a"}}, "wants remaining: or used:"),
        ({"quota": {"used": "$.a"}}, "used: says little without limit:"),
        ({"quota": {"remaining": "5"}}, "wants a header's name or a JSON path"),
        ({"quota": {"remaining": "$["}}, "not a JSON path"),
        ({"quota": {"reserve": "120%"}}, "between 0% and 100%"),
        ({"health": "perhaps"}, "expected"),
        ({"status_page": "ftp://x/"}, "only http and https"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").replace("[", r"\[")):
        check_of(type="api", url="http://127.0.0.1/", **options)


def test_page_of_the_docs_names_every_option_and_value(root: Path) -> None:
    page = (root / "docs" / "checks" / "api.md").read_text(encoding="utf-8")
    for name in ("quota.remaining", "quota.reserve", "health", "status_page", "quota_exhausted_in", "fault"):
        assert f"`{name}`" in page
