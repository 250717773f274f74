"""By hand: what each agreement makes of one and the same day.

The day in twentieths (72 min = 4,320 s each): 10 up, 5 degraded, 1 down, 3 unknown, 1 maintenance.
"""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

DAY = Asked(period="2023-07-10", as_of="2023-07-11")
TOLD = """
    2023-07-10T00:00:00Z up
    2023-07-10T12:00:00Z degraded
    2023-07-10T18:00:00Z down
    2023-07-10T19:12:00Z unknown
    2023-07-10T22:48:00Z up
    work 2023-07-10T22:48:00Z 2023-07-11T00:00:00Z
"""
SECONDS = {"up": "43200", "degraded": "21600", "down": "4320", "unknown": "12960", "maintenance": "4320"}
SEEN = {16: "80.000000", 17: "85.000000", 19: "95.000000", 20: "100.000000"}
# degraded, unknown, maintenance; good and bad twentieths, their fraction, the outages.
AGREEMENTS = [
    ("up", "exclude", "exclude", 15, 1, "15/16", ["18:00 19:12"]),
    ("down", "exclude", "exclude", 10, 6, "5/8", ["12:00 19:12"]),
    ("up", "down", "exclude", 15, 4, "15/19", ["18:00 22:48"]),
    ("up", "up", "exclude", 18, 1, "18/19", ["18:00 19:12"]),
    ("down", "down", "exclude", 10, 9, "10/19", ["12:00 22:48"]),
    ("down", "up", "exclude", 13, 6, "13/19", ["12:00 19:12"]),
    ("up", "exclude", "down", 15, 2, "15/17", ["18:00 19:12", "22:48 24:00"]),
    ("down", "exclude", "down", 10, 7, "10/17", ["12:00 19:12", "22:48 24:00"]),
    ("up", "down", "down", 15, 5, "3/4", ["18:00 24:00"]),
    ("up", "up", "down", 18, 2, "9/10", ["18:00 19:12", "22:48 24:00"]),
    ("down", "down", "down", 10, 10, "1/2", ["12:00 24:00"]),
    ("down", "up", "down", 13, 7, "13/20", ["12:00 19:12", "22:48 24:00"]),
]  # fmt: skip


def _moment(clock: str) -> str:
    return "2023-07-11T00:00:00Z" if clock == "24:00" else f"2023-07-10T{clock}:00Z"


def _vector(degraded: str, unknown: str, maintenance: str, good: int, bad: int, *rest: object) -> Vector:
    uptime, outages = rest
    assert isinstance(outages, list)
    return Vector(
        f"day_{degraded}_{unknown}_{maintenance}",
        f"degraded: {degraded}, unknown: {unknown}, maintenance: {maintenance}: {good} good and {bad} bad "
        f"twentieths of the day, {uptime} up, and {good + bad} of 20 were counted.",
        TOLD,
        DAY,
        {
            **SECONDS,
            "counted": str((good + bad) * 4320),
            "uptime": uptime,
            "coverage_percent": SEEN[good + bad],
            "outages": [" ".join(_moment(clock) for clock in each.split()) for each in outages],
        },
        agreement={"degraded": degraded, "unknown": unknown, "maintenance": maintenance},
    )


NOTHING = [
    Vector(
        "nothing_known",
        "Nothing was counted: neither 0 % nor 100 %, and the target is neither met nor missed.",
        "2023-07-10T00:00:00Z unknown",
        DAY,
        {
            "unknown": "86400",
            "counted": "0",
            "uptime": None,
            "uptime_percent": None,
            "met": None,
            "budget_seconds": "0",
            "budget_left_seconds": "0",
            "coverage_percent": "0.000000",
            "outages": [],
        },
    ),
    Vector(
        "nothing_known_counts_as_down",
        "Where unknown counts as down the same day is a day of bad time: 0 of 86,400 s.",
        "2023-07-10T00:00:00Z unknown",
        DAY,
        {"uptime": "0/1", "uptime_percent": "0.000000", "met": False, "budget_left_seconds": "-85536"},
        agreement={"unknown": "down"},
    ),
    Vector(
        "three_percent_seen",
        "Up for 2,592 s, then nothing: 100 % uptime, and 2,592 / 86,400 = 3 % seen stands beside it.",
        "2023-07-10T00:00:00Z ok for 2592",
        DAY,
        {"uptime": "1/1", "uptime_percent": "100.000000", "coverage_percent": "3.000000", "met": True},
    ),
]

VECTORS = [*(_vector(*row) for row in AGREEMENTS), *NOTHING]
