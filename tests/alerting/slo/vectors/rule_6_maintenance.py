"""By hand: windows of planned work, what they hide, and what they leave of the budget."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

DAY = Asked(period="2023-06-15", as_of="2023-06-16")
RUNNING = Asked(period="2023-06", as_of="2023-06-16")

VECTORS = [
    Vector(
        "windows_overlap",
        "01 to 03, 02 to 04, 04 to 05 and 02:30 to 02:45 together are 01 to 05: 4 h = 14,400 s, not 5 h 15 min.",
        """
        2023-06-15T00:00:00Z up
        work 2023-06-15T02:00:00Z 2023-06-15T04:00:00Z
        work 2023-06-15T01:00:00Z 2023-06-15T03:00:00Z
        work 2023-06-15T04:00:00Z 2023-06-15T05:00:00Z
        work 2023-06-15T02:30:00Z 2023-06-15T02:45:00Z
        """,
        DAY,
        {
            "maintenance": "14400",
            "up": "72000",
            "counted": "72000",
            "budget_seconds": "720",
            "coverage_percent": "83.333333",
        },
    ),
    Vector(
        "work_hides_down",
        "Down from 02 to 06, work from 01 to 05: one hour of down is left. Up 24 - 4 - 1 = 19 h = 68,400 s; "
        "19 of 20 h.",
        """
        2023-06-15T00:00:00Z up
        2023-06-15T02:00:00Z down
        2023-06-15T06:00:00Z up
        work 2023-06-15T01:00:00Z 2023-06-15T05:00:00Z
        """,
        DAY,
        {
            "maintenance": "14400",
            "down": "3600",
            "up": "68400",
            "uptime": "19/20",
            "outages": ["2023-06-15T05:00:00Z 2023-06-15T06:00:00Z"],
        },
    ),
    Vector(
        "work_hides_unknown_and_degraded",
        "Unknown from 02 to 06, degraded from 06 to 10, work from 05 to 07: an hour of each is hidden.",
        """
        2023-06-15T00:00:00Z up
        2023-06-15T02:00:00Z unknown
        2023-06-15T06:00:00Z degraded
        2023-06-15T10:00:00Z up
        work 2023-06-15T05:00:00Z 2023-06-15T07:00:00Z
        """,
        DAY,
        {"maintenance": "7200", "unknown": "10800", "degraded": "10800", "up": "57600"},
    ),
    Vector(
        "work_before_it_was_seen",
        "First seen at 12:00; of the work from 06 to 14 only two hours are in the figures: 12 h observed, 10 h up.",
        """
        2023-06-15T12:00:00Z up
        work 2023-06-15T06:00:00Z 2023-06-15T14:00:00Z
        """,
        DAY,
        {"maintenance": "7200", "up": "36000", "coverage_percent": "83.333333"},
    ),
    Vector(
        "nothing_but_work",
        "Where all of the day was maintenance nothing was counted: no figure at all, and no budget.",
        """
        2023-06-15T00:00:00Z down
        work 2023-06-15T00:00:00Z 2023-06-16T00:00:00Z
        """,
        DAY,
        {
            "maintenance": "86400",
            "counted": "0",
            "uptime": None,
            "met": None,
            "budget_seconds": "0",
            "coverage_percent": "0.000000",
            "outages": [],
        },
    ),
    Vector(
        "work_that_counts_as_down",
        "By this agreement an hour of work is an hour of bad time: 23/24.",
        """
        2023-06-15T00:00:00Z up
        work 2023-06-15T01:00:00Z 2023-06-15T02:00:00Z
        """,
        DAY,
        {
            "maintenance": "3600",
            "uptime": "23/24",
            "outages": ["2023-06-15T01:00:00Z 2023-06-15T02:00:00Z"],
            "coverage_percent": "100.000000",
        },
        agreement={"maintenance": "down"},
    ),
    Vector(
        "work_to_come",
        "15 days are over, of the 15 to come two are planned work: the base is 15 + 13 = 28 days = 2,419,200 s, "
        "1 % of it 24,192 s.",
        """
        2023-06-01T00:00:00Z up
        work 2023-06-20T00:00:00Z 2023-06-22T00:00:00Z
        """,
        RUNNING,
        {"maintenance": "0", "counted": "1296000", "budget_seconds": "24192", "met": None},
    ),
    Vector(
        "work_going_on",
        "Work from noon of the 15th to noon of the 16th, asked at midnight: half a day of it is over, half to "
        "come. Counted 14.5 days, to come 14.5 days: 29 days, 1 % of them 25,056 s.",
        """
        2023-06-01T00:00:00Z up
        work 2023-06-15T12:00:00Z 2023-06-16T12:00:00Z
        """,
        RUNNING,
        {"maintenance": "43200", "counted": "1252800", "budget_seconds": "25056"},
    ),
    Vector(
        "work_to_come_that_counts_as_down",
        "Planned time that counts is time for which there is a budget: 30 days, 25,920 s.",
        """
        2023-06-01T00:00:00Z up
        work 2023-06-20T00:00:00Z 2023-06-22T00:00:00Z
        """,
        RUNNING,
        {"budget_seconds": "25920", "budget_left_seconds": "25920"},
        agreement={"maintenance": "down"},
    ),
]
