"""Whose fault it is: the vendor's by its own word, the vendor's in silence, ours, or not known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from checks.base import ErrorKind, Reading, Status
from tests.checks.api.asking import PAGE, looked_with_page, readings, replying
from tests.checks.http.web import serving
from tests.checks.listeners import black_hole, listening, stays_silent

WELL, ILL = replying(200, PAGE["well"]), replying(200, PAGE["ill"])


@pytest.mark.parametrize(
    ("api", "page", "fault", "words"),
    [
        (replying(500), ILL, "vendor", "the vendor says so itself: major: Errors on the API"),
        (replying(500), WELL, "vendor_silent", "the vendor's status page says that all is well"),
        (replying(200, {"status": "DOWN"}), WELL, "vendor_silent", "health outage"),
        (replying(401), ILL, "vendor", "the vendor says so itself"),
        (replying(401), WELL, "ours", "our login is refused"),
        (replying(404), WELL, "ours", "by the answer our request is wrong"),
        (replying(500), replying(404), "unknown", "the status page answered 404"),
        (replying(500), replying(200, "<html>fine</html>"), "unknown", "whose fault is not known"),
    ],
)
def test_failing_request_asks_the_vendors_page(api: Any, page: Any, fault: str, words: str) -> None:
    reading, _, asked = looked_with_page(api, page)
    assert (reading.status, reading.values["fault"], len(asked)) == (Status.DOWN, fault, 1)
    assert words in reading.message


@pytest.mark.parametrize("api", [replying(200), replying(429), replying(200, {"status": "DEGRADED"})])
def test_page_is_left_in_peace_while_nothing_fails(api: Any) -> None:
    reading, _, asked = looked_with_page(api, ILL)
    assert asked == []
    assert reading.status is not Status.DOWN


def test_broken_schema_is_the_vendors(free_port: Callable[[], int]) -> None:
    reading, _, asked = looked_with_page(replying(200, {}), WELL, schema={"required": ["id"]})
    assert (reading.error_kind, reading.values["fault"], len(asked)) == (
        ErrorKind.CONTENT,
        "vendor_silent",
        1,
    )
    assert "$" in reading.message


def test_page_may_be_told_in_full_with_its_components() -> None:
    page = replying(200, {**PAGE["well"], "components": [{"name": "API", "status": "partial_outage"}]})
    reading, _, asked = looked_with_page(
        replying(500),
        page,
        lambda given: given.update(status_page={"url": given["status_page"], "components": ["API"]}),
    )
    assert (reading.values["fault"], len(asked)) == ("vendor", 1)
    assert "partial" in reading.message


def test_api_that_refuses_alone_is_down(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    reading, _, _ = looked_with_page(replying(), WELL, url=url)
    assert (reading.status, reading.error_kind) == (Status.DOWN, ErrorKind.REFUSED)
    assert reading.values["fault"] == "vendor_silent"
    assert "connection refused" in reading.message


def _one(**options: Any) -> Reading:
    return asyncio.run(readings(**options))[0]


def test_both_out_of_reach_is_our_own_network_and_not_down(free_port: Callable[[], int]) -> None:
    reading = _one(url=f"http://127.0.0.1:{free_port()}/", status_page=f"http://127.0.0.2:{free_port()}/")
    assert (reading.status, reading.values["fault"]) == (Status.UNKNOWN, "ours")
    assert (
        "our own network: neither 127.0.0.1 nor the status page at 127.0.0.2 can be reached"
        in reading.message
    )


def test_page_on_the_same_server_proves_nothing(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    reading = _one(url=url, status_page=f"{url}status.json")
    assert (reading.status, reading.values["fault"]) == (Status.DOWN, "unknown")


def test_page_that_fails_in_another_manner_hides_no_outage(free_port: Callable[[], int]) -> None:
    async def run() -> Reading:
        async with black_hole() as port:
            url, page = f"http://127.0.0.1:{free_port()}/", f"http://127.0.0.1:{port}/"
            return (await readings(url=url, status_page=page, timeout="1s"))[0]

    reading = asyncio.run(run())
    assert (reading.status, reading.values["fault"]) == (Status.DOWN, "unknown")


def test_one_deadline_holds_for_request_and_page() -> None:
    async def run() -> Reading:
        async with listening(stays_silent) as api, listening(stays_silent) as page:
            url, vendor = f"http://127.0.0.1:{api}/", f"http://127.0.0.1:{page}/"
            (reading,) = await readings(url=url, status_page=vendor, timeout="1s")
            return reading

    reading = asyncio.run(run())
    # With a deadline for each the runner itself would give up, and there would be no values.
    assert (reading.status, reading.values["fault"]) == (Status.UNKNOWN, "ours")


def test_slow_request_leaves_time_for_the_page() -> None:
    async def run() -> tuple[Reading, int]:
        async with listening(stays_silent) as api, serving(ILL) as page:
            url = f"http://127.0.0.1:{api}/"
            (reading,) = await readings(url=url, status_page=page.url(), timeout="1s")
            return reading, len(page.asked)

    reading, asked = asyncio.run(run())
    assert (reading.status, reading.error_kind, asked) == (Status.DOWN, ErrorKind.TIMEOUT, 1)
    assert reading.values["fault"] == "vendor"
