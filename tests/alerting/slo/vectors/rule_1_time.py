"""By hand: half-open intervals of POSIX time, exact to the microsecond."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

LEAP_DAY_OF_2016 = Asked(period="2016-12-31", as_of="2017-01-01")
FIRST = Asked(period="2016-12-01", as_of="2016-12-03")
SECOND = Asked(period="2016-12-02", as_of="2016-12-03")
TOLD_AT_MIDNIGHT = """
    2016-12-01T00:00:00Z up
    2016-12-02T00:00:00Z down
    2016-12-03T00:00:00Z up
"""

VECTORS = [
    Vector(
        "one_microsecond",
        "Down from 12:00:00.000001 to 12:00:00.000002: one microsecond of 86,400,000,000. 31 December 2016 had "
        "a leap second on the wall; in POSIX time the day has 86,400 s like any other. "
        "(86,400,000,000 - 1) / 86,400,000,000 has no common divisor.",
        """
        2016-12-31T00:00:00Z up
        2016-12-31T12:00:00.000001Z down
        2016-12-31T12:00:00.000002Z up
        """,
        LEAP_DAY_OF_2016,
        {
            "up": "86399.999999",
            "down": "0.000001",
            "counted": "86400",
            "uptime": "86399999999/86400000000",
            "uptime_percent": "99.999999",
            "outages": ["2016-12-31T12:00:00.000001Z 2016-12-31T12:00:00.000002Z"],
        },
    ),
    Vector(
        "down_at_the_end",
        "A day does not contain its end: what begins at midnight belongs to the day after.",
        TOLD_AT_MIDNIGHT,
        FIRST,
        {"up": "86400", "down": "0", "met": True, "outages": []},
    ),
    Vector(
        "down_from_the_start",
        "A day contains its start: down from midnight to midnight is all of its 86,400 s.",
        TOLD_AT_MIDNIGHT,
        SECOND,
        {"up": "0", "down": "86400", "uptime": "0/1", "met": False},
    ),
    Vector(
        "period_of_a_microsecond",
        "From .000001 to .000002 there is one microsecond, and in it the service was down.",
        """
        2016-12-05T00:00:00Z up
        2016-12-05T00:00:00.000001Z down
        2016-12-05T00:00:00.000002Z up
        """,
        Asked(start="2016-12-05T00:00:00.000001Z", end="2016-12-05T00:00:00.000002Z", as_of="2016-12-06"),
        {"down": "0.000001", "counted": "0.000001", "uptime": "0/1", "budget_seconds": "0.00000001"},
    ),
    Vector(
        "thirds_of_a_second",
        "Up for 0.333333 s, down for 0.333334 s, up for 0.333333 s. Good 666,666 of 1,000,000 us = 333333/500000.",
        """
        2016-12-07T00:00:00Z up
        2016-12-07T00:00:00.333333Z down
        2016-12-07T00:00:00.666667Z up
        """,
        Asked(start="2016-12-07T00:00:00Z", end="2016-12-07T00:00:01Z", as_of="2016-12-08"),
        {"up": "0.666666", "down": "0.333334", "uptime": "333333/500000", "uptime_percent": "66.666600"},
    ),
]
