"""By hand: which event holds at a moment, and from when on a service is watched at all."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

DAY = Asked(period="2023-05-10", as_of="2023-05-11")

VECTORS = [
    Vector(
        "last_of_three",
        "At 06:00 three states were told; the last one in the file holds: 6 h up, 18 h = 64,800 s degraded.",
        """
        2023-05-10T00:00:00Z up
        2023-05-10T06:00:00Z up
        2023-05-10T06:00:00Z down
        2023-05-10T06:00:00Z degraded
        """,
        DAY,
        {"up": "21600", "degraded": "64800", "down": "0", "uptime": "1/1"},
    ),
    Vector(
        "last_is_a_reading",
        "At 06:00 a state, then a reading: the reading holds, for its hour; the rest, 17 h = 61,200 s, is unknown.",
        """
        2023-05-10T00:00:00Z down
        2023-05-10T06:00:00Z down
        2023-05-10T06:00:00Z ok for 3600
        """,
        DAY,
        {"down": "21600", "up": "3600", "unknown": "61200", "uptime": "1/7"},
    ),
    Vector(
        "told_backwards",
        "The lines stand in reverse order; time is in order all the same: 2 h down of 24.",
        """
        2023-05-10T14:00:00Z up
        2023-05-10T12:00:00Z down
        2023-05-10T00:00:00Z up
        """,
        DAY,
        {"up": "79200", "down": "7200", "uptime": "11/12", "uptime_percent": "91.666666"},
    ),
    Vector(
        "last_of_two_among_others",
        "Of two states at 12:00 the one further down in the file holds, whatever stands between and after them.",
        """
        2023-05-10T12:00:00Z down
        2023-05-10T18:00:00Z up
        2023-05-10T12:00:00Z degraded
        2023-05-10T00:00:00Z up
        """,
        DAY,
        {"up": "64800", "degraded": "21600", "down": "0"},
    ),
    Vector(
        "first_seen_at_noon",
        "Watched from 12:00 on: 12 h = 43,200 s, of which 36 min = 2,160 s down. 41,040 / 43,200 = 19/20. The "
        "budget is 1 % of 43,200 s = 432 s, and 2,160 s are spent.",
        """
        2023-05-10T12:00:00Z down
        2023-05-10T12:36:00Z up
        """,
        DAY,
        {
            "up": "41040",
            "down": "2160",
            "unknown": "0",
            "uptime": "19/20",
            "budget_seconds": "432",
            "budget_left_seconds": "-1728",
            "coverage_percent": "100.000000",
        },
    ),
    Vector(
        "first_is_unknown",
        "Watched from 06:00 on, though nothing was known until 12:00: 6 h unknown, 12 h up; 12 of 18 h were seen.",
        """
        2023-05-10T06:00:00Z unknown
        2023-05-10T12:00:00Z up
        """,
        DAY,
        {"up": "43200", "unknown": "21600", "uptime": "1/1", "coverage_percent": "66.666666"},
    ),
    Vector(
        "state_from_before",
        "What was told on the 1st still holds on the 10th: down until 01:00 = 3,600 s. The outage is cut at midnight.",
        """
        2023-05-01T00:00:00Z down
        2023-05-10T01:00:00Z up
        """,
        DAY,
        {"down": "3600", "up": "82800", "outages": ["2023-05-10T00:00:00Z 2023-05-10T01:00:00Z"]},
    ),
    Vector(
        "seen_only_later",
        "First seen a day after: the day is in no figure.",
        "2023-05-11T00:00:00Z up",
        DAY,
        {
            "up": "0",
            "unknown": "0",
            "counted": "0",
            "uptime": None,
            "met": None,
            "budget_seconds": "0",
            "coverage_percent": None,
        },
    ),
    Vector(
        "nothing_in_force",
        "A reading of 00:00 is believed for an hour, then nothing is in force: 23 h = 82,800 s unknown.",
        "2023-05-10T00:00:00Z ok for 3600",
        DAY,
        {"up": "3600", "unknown": "82800", "uptime": "1/1", "coverage_percent": "4.166666"},
    ),
    Vector(
        "with_an_offset",
        "08:00 at +02:00 is 06:00Z: 6 h up, 18 h down.",
        """
        2023-05-10T00:00:00Z up
        2023-05-10T08:00:00+02:00 down
        """,
        DAY,
        {"up": "21600", "down": "64800", "uptime": "1/4"},
    ),
]
