"""By hand: percentages cut to six places in JSON, to two in the table, and never rounded up."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

# 28 days 22 h 26 min 40 s: 2,419,200 + 79,200 + 1,600 = 2,500,000 s.
LONG = Asked(start="2023-10-01T00:00:00Z", end="2023-10-29T22:26:40Z", as_of="2023-11-01")
SHORT = Asked(start="2023-10-01T00:00:00Z", end="2023-10-01T00:16:40Z", as_of="2023-11-01")

VECTORS = [
    Vector(
        "nearly_all",
        "One second of 2,500,000: 2,499,999 / 2,500,000 = 99.99996 %. In two places 99.99, not 100.00.",
        """
        2023-10-01T00:00:00Z down
        2023-10-01T00:00:01Z up
        """,
        LONG,
        {"uptime": "2499999/2500000", "uptime_percent": "99.999960", "budget_left_seconds": "24999"},
    ),
    Vector(
        "all_but_a_microsecond",
        "One microsecond of 1,000 s: 99.9999999 %, in six places 99.999999 and never 100.",
        """
        2023-10-01T00:00:00Z down
        2023-10-01T00:00:00.000001Z up
        """,
        SHORT,
        {"uptime": "999999999/1000000000", "uptime_percent": "99.999999"},
    ),
    Vector(
        "all_of_it",
        "Only what is whole is 100 %.",
        "2023-10-01T00:00:00Z up",
        SHORT,
        {"uptime": "1/1", "uptime_percent": "100.000000", "coverage_percent": "100.000000"},
    ),
    Vector(
        "two_thirds",
        "Of 1,000 s the last 100 s are unknown, 300 of the other 900 s down: 600 / 900 = 66.6666666... %, cut to "
        "66.666666; 90 % were seen.",
        """
        2023-10-01T00:00:00Z down
        2023-10-01T00:05:00Z up
        2023-10-01T00:15:00Z unknown
        """,
        SHORT,
        {"uptime": "2/3", "uptime_percent": "66.666666", "coverage_percent": "90.000000"},
    ),
    Vector(
        "a_target_of_many_places",
        "99.999 % of 1,000 s allows 0.01 s.",
        "2023-10-01T00:00:00Z up",
        SHORT,
        {"target_percent": "99.999", "budget_seconds": "0.01"},
        target="99.999%",
    ),
    Vector(
        "seen_for_almost_all",
        "Unknown for the last microsecond: 999,999,999 of 1,000,000,000 were seen, 99.9999999 %.",
        """
        2023-10-01T00:00:00Z up
        2023-10-01T00:16:39.999999Z unknown
        """,
        SHORT,
        {"unknown": "0.000001", "uptime": "1/1", "coverage_percent": "99.999999"},
    ),
]
