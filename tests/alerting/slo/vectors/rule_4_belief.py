"""By hand: for how long a reading is believed, and time in which nobody watched.

In all of these nobody watched from 10:00 to 10:10 and from 10:05 to 10:20: together 20 min = 1,200 s.
"""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

DAY = Asked(period="2031-02-03", as_of="2031-02-04")
OFF = """
    off 2031-02-03T10:00:00Z 2031-02-03T10:10:00Z
    off 2031-02-03T10:05:00Z 2031-02-03T10:20:00Z
"""

VECTORS = [
    Vector(
        "believed",
        "A look every minute, each believed for 2 x 60 + 10 = 130 s. The look of 00:01:00 is the last for an hour: "
        "up until 00:03:10 = 190 s, unknown until 01:00:00 = 3,410 s. From 01:00 on 23 h = 82,800 s up, less "
        "1,200 s. Up 81,790 s, unknown 4,610 s; 81,790 / 86,400 were seen.",
        OFF
        + """
        2031-02-03T00:00:00Z ok for 130
        2031-02-03T00:01:00Z ok for 130
        2031-02-03T01:00:00Z ok for 82800
        """,
        DAY,
        {"up": "81790", "unknown": "4610", "uptime": "1/1", "coverage_percent": "94.664351"},
    ),
    Vector(
        "down_while_off",
        "Down from 09:00 to 11:00. Of this 10:00 to 10:20 is unknown, though down was what was seen last: "
        "7,200 - 1,200 = 6,000 s down. Up 22 h = 79,200 s. 79,200 / 85,200 = 66/71. Two outages, not one.",
        """
        2031-02-03T00:00:00Z up
        2031-02-03T09:00:00Z down
        2031-02-03T11:00:00Z up
        """,
        DAY,
        {
            "up": "79200",
            "down": "6000",
            "unknown": "1200",
            "uptime": "66/71",
            "uptime_percent": "92.957746",
            "outages": [
                "2031-02-03T09:00:00Z 2031-02-03T10:00:00Z",
                "2031-02-03T10:20:00Z 2031-02-03T11:00:00Z",
            ],
        },
    ),
    Vector(
        "degraded_while_off",
        "Degraded all day: 86,400 - 1,200 = 85,200 s.",
        "2031-02-03T00:00:00Z degraded",
        DAY,
        {"degraded": "85200", "unknown": "1200", "coverage_percent": "98.611111"},
    ),
    Vector(
        "work_while_off",
        "Maintenance from 10:05 to 10:30 hides also the time in which nobody watched: 1,500 s. Unknown is only "
        "10:00 to 10:05 = 300 s.",
        """
        2031-02-03T00:00:00Z up
        work 2031-02-03T10:05:00Z 2031-02-03T10:30:00Z
        """,
        DAY,
        {"maintenance": "1500", "unknown": "300", "up": "84600"},
    ),
    Vector(
        "next_reading_comes_early",
        "A reading holds until the next, though it would be believed for longer: down 300 s, not 600.",
        """
        2031-02-03T00:00:00Z down for 600
        2031-02-03T00:05:00Z ok for 86100
        """,
        DAY,
        {"down": "300", "up": "84900", "unknown": "1200"},
    ),
    Vector(
        "believed_for_no_time",
        "A reading that is believed for 0 s says nothing, but the service is watched since then: all unknown.",
        "2031-02-03T00:00:00Z down for 0",
        DAY,
        {"down": "0", "unknown": "86400", "uptime": None, "met": None, "coverage_percent": "0.000000"},
    ),
    Vector(
        "believed_over_midnight",
        "A reading of 23:59 is believed for two minutes, of which the day has one: 60 s down, then unknown.",
        "2031-02-02T23:59:00Z down for 120",
        DAY,
        {"down": "60", "unknown": "86340", "uptime": "0/1"},
    ),
    Vector(
        "believed_for_half_a_second",
        "0.5 s down, 1 s up with a gap of half a second between them: 1 / 1.5 = 2/3.",
        """
        2031-02-03T00:00:00Z down for 0.5
        2031-02-03T00:00:01Z ok for 1
        """,
        DAY,
        {"down": "0.5", "up": "1", "unknown": "86398.5", "uptime": "2/3"},
    ),
    Vector(
        "an_unknown_reading",
        "A state would hold; an unknown reading of 06:00 ends it at once. It is believed for an hour and after "
        "that nothing is in force: unknown either way.",
        """
        2031-02-03T00:00:00Z up
        2031-02-03T06:00:00Z unknown for 3600
        """,
        DAY,
        {"up": "21600", "unknown": "64800"},
    ),
]
