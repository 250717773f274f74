"""By hand: a quarter is not the mean of its months, by much."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

# Watched from 30 April 18:00 on, down until 21:00: 6 h of April, 31 days of May, 30 of June.
LATE = """
    2023-04-30T18:00:00Z down
    2023-04-30T21:00:00Z up
"""
# Down for all of February: 31, 28 and 31 days.
SHORT_MONTH = """
    2023-01-01T00:00:00Z up
    2023-02-01T00:00:00Z down
    2023-03-01T00:00:00Z up
"""


def _part(name: str, words: str, told: str, period: str, uptime: str, percent: str) -> Vector:
    gives = {"uptime": uptime, "uptime_percent": percent}
    return Vector(name, words, told, Asked(period=period, as_of="2023-07-01"), gives)


VECTORS = [
    _part("late_april", "3 of the 6 hours it was watched.", LATE, "2023-04", "1/2", "50.000000"),
    _part("late_may", "Nothing wrong.", LATE, "2023-05", "1/1", "100.000000"),
    _part("late_june", "Nothing wrong.", LATE, "2023-06", "1/1", "100.000000"),
    _part(
        "late_quarter",
        "6 h + 61 x 24 h = 1,470 h, of which 3 h were bad: 1,467 / 1,470 = 489/490 = 99.795918... %. The mean of "
        "50, 100 and 100 % would be 83.33 %: it lets 6 hours of April weigh as much as 720 of June.",
        LATE, "2023-Q2", "489/490", "99.795918",
    ),
    _part("short_january", "Nothing wrong.", SHORT_MONTH, "2023-01", "1/1", "100.000000"),
    _part("short_february", "All of it.", SHORT_MONTH, "2023-02", "0/1", "0.000000"),
    _part("short_march", "Nothing wrong.", SHORT_MONTH, "2023-03", "1/1", "100.000000"),
    _part(
        "short_quarter",
        "62 good days of 90 = 31/45 = 68.888... %. The mean of 100, 0 and 100 % would be 66.67 %.",
        SHORT_MONTH, "2023-Q1", "31/45", "68.888888",
    ),
]  # fmt: skip
