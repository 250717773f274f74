"""By hand: error budgets of September 2023 in UTC, 30 days = 2,592,000 s, of which 1 % is 25,920 s = 7 h 12 min."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

OVER = Asked(period="2023-09", as_of="2023-10-01")
HALF = Asked(period="2023-09", as_of="2023-09-16")
ALMOST = Asked(period="2023-09", as_of="2023-09-30T23:59:59.999999Z")
DOWN_FOR_ALL_OF_THE_BUDGET = """
    2023-09-01T00:00:00Z up
    2023-09-10T00:00:00Z down
    2023-09-10T07:12:00Z up
"""

VECTORS = [
    Vector(
        "exactly_the_budget",
        "7 h 12 min of bad time: nothing is left, and 99 % is reached exactly.",
        DOWN_FOR_ALL_OF_THE_BUDGET,
        OVER,
        {
            "budget_seconds": "25920",
            "budget_left_seconds": "0",
            "uptime": "99/100",
            "uptime_percent": "99.000000",
            "met": True,
        },
    ),
    Vector(
        "a_microsecond_more",
        "7 h 12 min and a microsecond: that much is lacking. 2,592,000,000,000 - 25,920,000,001 = 2,566,079,999,999 "
        "good microseconds; 98.99999999996... % is cut to 98.999999.",
        """
        2023-09-01T00:00:00Z up
        2023-09-10T00:00:00Z down
        2023-09-10T07:12:00.000001Z up
        """,
        OVER,
        {
            "budget_left_seconds": "-0.000001",
            "uptime": "2566079999999/2592000000000",
            "uptime_percent": "98.999999",
            "met": False,
        },
    ),
    Vector(
        "a_microsecond_less",
        "7 h 12 min less a microsecond: that much is left.",
        """
        2023-09-01T00:00:00Z up
        2023-09-10T00:00:00Z down
        2023-09-10T07:11:59.999999Z up
        """,
        OVER,
        {"budget_left_seconds": "0.000001", "met": True},
    ),
    Vector(
        "overdrawn_at_half_time",
        "A day = 86,400 s down by the 16th: 25,920 - 86,400 = -60,480 s left. Whether the month is lost is said "
        "when it is over.",
        """
        2023-09-01T00:00:00Z up
        2023-09-10T00:00:00Z down
        2023-09-11T00:00:00Z up
        """,
        HALF,
        {"counted": "1296000", "uptime": "14/15", "budget_left_seconds": "-60480", "met": None},
    ),
    Vector(
        "unknown_days_are_no_base",
        "Of 15 days that are over 3 are unknown, 15 are to come: 27 days = 2,332,800 s, 1 % of it 23,328 s.",
        """
        2023-09-01T00:00:00Z up
        2023-09-05T00:00:00Z unknown
        2023-09-08T00:00:00Z up
        """,
        HALF,
        {"counted": "1036800", "budget_seconds": "23328", "coverage_percent": "80.000000"},
    ),
    Vector(
        "unknown_days_that_count",
        "Where unknown counts as up they are base: 30 days.",
        """
        2023-09-01T00:00:00Z up
        2023-09-05T00:00:00Z unknown
        2023-09-08T00:00:00Z up
        """,
        HALF,
        {"counted": "1296000", "budget_seconds": "25920", "coverage_percent": "100.000000"},
        agreement={"unknown": "up"},
    ),
    Vector(
        "first_seen_on_the_21st",
        "Watched for 10 days = 864,000 s: the budget is 8,640 s = 2 h 24 min, not that of a whole month.",
        "2023-09-21T00:00:00Z up",
        OVER,
        {"counted": "864000", "budget_seconds": "8640", "met": True},
    ),
    Vector(
        "first_seen_on_the_21st_asked_on_the_16th",
        "Asked before it was first seen nothing was counted; the 10 days in which it will be watched make a budget.",
        "2023-09-21T00:00:00Z up",
        HALF,
        {"counted": "0", "uptime": None, "met": None, "budget_seconds": "8640", "coverage_percent": None},
    ),
    Vector(
        "five_hundredths_of_a_percent",
        "99.95 %: 0.0005 x 2,592,000 = 1,296 s = 21 min 36 s, of which 7 h 12 min are spent.",
        DOWN_FOR_ALL_OF_THE_BUDGET,
        OVER,
        {
            "target_percent": "99.95",
            "budget_seconds": "1296",
            "budget_left_seconds": "-24624",
            "met": False,
        },
        target="99.95%",
    ),
    Vector(
        "a_budget_below_the_second",
        "99.9 % of 86,399 s, the 30th from 00:00:01 on: 86.399 s.",
        "2023-09-30T00:00:01Z up",
        OVER,
        {"counted": "86399", "budget_seconds": "86.399"},
        target="99.9%",
    ),
    Vector(
        "no_budget_at_all",
        "100 % allows nothing: one second down is one second too much.",
        """
        2023-09-01T00:00:00Z up
        2023-09-10T00:00:00Z down
        2023-09-10T00:00:01Z up
        """,
        OVER,
        {"budget_seconds": "0", "budget_left_seconds": "-1", "met": False, "uptime_percent": "99.999961"},
        target="100%",
    ),
    Vector(
        "almost_over",
        "A microsecond before the end nothing is settled, though nothing was ever wrong.",
        "2023-09-01T00:00:00Z up",
        ALMOST,
        {"uptime": "1/1", "met": None, "budget_seconds": "25920", "counted": "2591999.999999"},
    ),
]
