"""Deprecation, Sunset and versions, in the forms of the RFCs, of their drafts, and of vendors."""

from __future__ import annotations

import pytest

from checks.api.notices import notices
from tests.checks.api.hearing import NOW, heard


@pytest.mark.parametrize(
    ("value", "deprecated", "since"),
    [
        ("@1688169599", True, 1688169599),
        ("@1699999999", True, 1699999999),
        ("@1800000000", False, 1800000000),
        ("true", True, None),
        ("?1", True, None),
        ("false", False, None),
        ("?0", False, None),
        ("Sat, 01 Feb 2020 00:00:00 GMT", True, 1580515200),
        ("Sun, 01 Feb 2099 00:00:00 GMT", False, 4073587200),
        ('version="v1"', True, None),
        ('version="v1", date="Sat, 01 Feb 2020 00:00:00 GMT"', True, 1580515200),
        ("@1688169599;why=old", True, 1688169599),
        ("@", True, None),
        ("@99999999999999999999999", True, None),
        ("1688169599", True, 1688169599),
        ("2023-07-01 00:00:00 UTC", True, 1688169600),
    ],
)
def test_deprecation_in_every_form(value: str, deprecated: bool, since: float | None) -> None:
    found = notices({"deprecation": value}, NOW)
    assert (found.deprecated, found.deprecated_since) == (deprecated, since)


@pytest.mark.parametrize(
    "headers",
    [
        {
            "Warning": '299 - "policy/v1beta1 PodSecurityPolicy is deprecated in v1.21+, unavailable in v1.25+"'
        },
        {"X-API-Deprecated": "true"},
        {"X-Shopify-API-Deprecated-Reason": "https://shopify.dev/changelog"},
        {"X-API-Deprecation-Date": "2023-01-01"},
        {"Deprecated": "true"},
    ],
)
def test_deprecation_by_other_headers(headers: dict[str, str]) -> None:
    assert heard(200, headers).notices.deprecated
    assert not heard(200, {}).notices.deprecated


def test_sunset_counts_days_and_goes_below_none() -> None:
    assert notices({"sunset": "Fri, 24 Nov 2023 10:13:20 GMT"}, NOW).sunset_days == 9.5
    assert notices({"sunset": "Mon, 13 Nov 2023 22:13:20 GMT"}, NOW).sunset_days == -1
    assert notices({"sunset": "sometime"}, NOW).sunset_days is None


@pytest.mark.parametrize(
    "header",
    [
        {"sunset": "@1700864000"},
        {"sunset": "1700864000"},
        {"sunset": "2023-11-24T22:13:20Z"},
        {"x-api-sunset": "2023-11-24 22:13:20 UTC"},
    ],
    ids=str,
)
def test_sunset_of_those_who_do_not_keep_to_the_rfc(header: dict[str, str]) -> None:
    assert notices(header, NOW).sunset_days == 10


def test_lists_of_deprecated_versions_deprecate_nothing() -> None:
    assert not heard(200, {"api-deprecated-versions": "1.0", "X-API-Deprecated": "false"}).notices.deprecated


def test_link_of_the_announcement_is_found_among_others() -> None:
    links = '<https://a/next>; rel="next", <https://a/old>; rel="sunset successor-version"; type="text/html"'
    assert notices({"link": links}, NOW).link == "https://a/old"
    assert notices({"link": f"{links}, <https://a/why>; rel=deprecation"}, NOW).link == "https://a/why"
    assert notices({"link": '<https://a/next>; rel="next"'}, NOW).link is None


@pytest.mark.parametrize(
    "name", ["API-Version", "X-GitHub-Api-Version-Selected", "Stripe-Version", "Square-Version"]
)
def test_version_is_told(name: str) -> None:
    headers = {"MIME-Version": "1.0", "OData-Version": "4.0", "Server-Info": "nginx", name: "2024-11-20"}
    assert heard(200, headers).notices.version == "2024-11-20"
