"""By hand: how long periods are, in zones whose clocks change, and where their ends lie in UTC."""

from __future__ import annotations

from tests.alerting.slo.vectors.vector import Asked, Vector

SINCE_2009 = "2009-12-01T00:00:00Z up"
PARIS, NEW_YORK, LORD_HOWE = "Europe/Paris", "America/New_York", "Australia/Lord_Howe"


def whole(words: str, asked: tuple[str, str], ends: tuple[str, str], seconds: int, budget: str) -> Vector:
    """All of a period that is long over: `asked` is the period and its zone."""
    period, zone = asked
    gives = {
        "from": ends[0] + ":00Z",
        "to": ends[1] + ":00Z",
        "counted": str(seconds),
        "up": str(seconds),
        "budget_seconds": budget,
        "budget_left_seconds": budget,
        "coverage_percent": "100.000000",
        "met": True,
    }
    name = f"{period}_in_{zone.split('/')[-1]}".lower()
    return Vector(name, words, SINCE_2009, Asked("2028-01-01", period, zone=zone), gives)


MONTHS = [
    whole(
        "March in Paris lasts 31 x 24 - 1 = 743 hours = 2,674,800 s; 1 % of it is 26,748 s = 7 h 25 min 48 s.",
        ("2026-03", PARIS), ("2026-02-28T23:00", "2026-03-31T22:00"), 2_674_800, "26748",
    ),
    whole(
        "October in Paris lasts 31 x 24 + 1 = 745 hours = 2,682,000 s; 1 % of it is 26,820 s = 7 h 27 min.",
        ("2026-10", PARIS), ("2026-09-30T22:00", "2026-10-31T23:00"), 2_682_000, "26820",
    ),
    whole(
        "New York goes from UTC-5 to UTC-4 on 8 March: 743 hours.",
        ("2026-03", NEW_YORK), ("2026-03-01T05:00", "2026-04-01T04:00"), 2_674_800, "26748",
    ),
    whole(
        "New York goes back on 1 November at 2 in the morning: 30 x 24 + 1 = 721 hours = 2,595,600 s.",
        ("2026-11", NEW_YORK), ("2026-11-01T04:00", "2026-12-01T05:00"), 2_595_600, "25956",
    ),
    whole(
        "Lord Howe Island goes from UTC+11 back to UTC+10:30 on 5 April: 720.5 hours = 2,593,800 s; "
        "1 % of it is 25,938 s = 7 h 12 min 18 s.",
        ("2026-04", LORD_HOWE), ("2026-03-31T13:00", "2026-04-30T13:30"), 2_593_800, "25938",
    ),
    whole(
        "Lord Howe Island goes half an hour forward on 4 October: 743.5 hours = 2,676,600 s.",
        ("2026-10", LORD_HOWE), ("2026-09-30T13:30", "2026-10-31T13:00"), 2_676_600, "26766",
    ),
    whole(
        "Sao Paulo went from UTC-3 to UTC-2 on 4 November 2018: 30 x 24 - 1 = 719 hours = 2,588,400 s.",
        ("2018-11", "America/Sao_Paulo"), ("2018-11-01T03:00", "2018-12-01T02:00"), 2_588_400, "25884",
    ),
    whole(
        "Casablanca is at UTC+1, but at UTC in Ramadan, from 15 February 2026 on: February begins at UTC+1 and "
        "ends at UTC, 28 x 24 + 1 = 673 hours = 2,422,800 s.",
        ("2026-02", "Africa/Casablanca"), ("2026-01-31T23:00", "2026-03-01T00:00"), 2_422_800, "24228",
    ),
    whole(
        "February of a leap year: 29 x 86,400 = 2,505,600 s.",
        ("2024-02", "UTC"), ("2024-02-01T00:00", "2024-03-01T00:00"), 2_505_600, "25056",
    ),
]  # fmt: skip

LONGER = [
    whole(
        "The first quarter in Paris: (31 + 28 + 31) x 24 - 1 = 2,159 hours = 7,772,400 s; 1 % of it is "
        "77,724 s = 21 h 35 min 24 s.",
        ("2026-Q1", PARIS), ("2025-12-31T23:00", "2026-03-31T22:00"), 7_772_400, "77724",
    ),
    whole(
        "The last quarter in New York: (31 + 30 + 31) x 24 + 1 = 2,209 hours = 7,952,400 s.",
        ("2026-Q4", NEW_YORK), ("2026-10-01T04:00", "2027-01-01T05:00"), 7_952_400, "79524",
    ),
    whole(
        "What a year loses in spring it wins in autumn: 365 x 86,400 = 31,536,000 s.",
        ("2026", PARIS), ("2025-12-31T23:00", "2026-12-31T23:00"), 31_536_000, "315360",
    ),
    whole(
        "A leap year: 366 x 86,400 = 31,622,400 s.",
        ("2024", "UTC"), ("2024-01-01T00:00", "2025-01-01T00:00"), 31_622_400, "316224",
    ),
    whole(
        "2020 has a week 53: 1 January 2021 was a Friday, so its week began on Monday 28 December.",
        ("2020-W53", "UTC"), ("2020-12-28T00:00", "2021-01-04T00:00"), 604_800, "6048",
    ),
    whole(
        "1 January 2025 was a Wednesday: week 1 began on Monday 30 December 2024.",
        ("2025-W01", "UTC"), ("2024-12-30T00:00", "2025-01-06T00:00"), 604_800, "6048",
    ),
    whole(
        "The week of 23 to 29 March 2026 in Paris ends with a day of 23 hours: 167 hours = 601,200 s.",
        ("2026-W13", PARIS), ("2026-03-22T23:00", "2026-03-29T22:00"), 601_200, "6012",
    ),
]  # fmt: skip

MIDNIGHTS = [
    whole(
        "In Sao Paulo 00:00 of 4 November 2018 did not exist: the clocks went to 01:00 (UTC-2), which is 03:00Z. "
        "The day has 23 hours = 82,800 s.",
        ("2018-11-04", "America/Sao_Paulo"), ("2018-11-04T03:00", "2018-11-05T02:00"), 82_800, "828",
    ),
    whole(
        "In Santiago 00:00 of 6 September 2026 does not exist: it moves to 01:00 (UTC-3), which is 04:00Z.",
        ("2026-09-06", "America/Santiago"), ("2026-09-06T04:00", "2026-09-07T03:00"), 82_800, "828",
    ),
    whole(
        "In Santiago the clocks go from 24:00 of 4 April 2026 back to 23:00: that day has 25 hours = 90,000 s.",
        ("2026-04-04", "America/Santiago"), ("2026-04-04T03:00", "2026-04-05T04:00"), 90_000, "900",
    ),
    whole(
        "In Havana 00:00 of 3 November 2024 comes twice, the first time at UTC-4, an hour later at UTC-5. "
        "From the first on the day has 25 hours.",
        ("2024-11-03", "America/Havana"), ("2024-11-03T04:00", "2024-11-04T05:00"), 90_000, "900",
    ),
    whole(
        "The day before in Havana ends at the first of the two midnights: 24 hours.",
        ("2024-11-02", "America/Havana"), ("2024-11-02T04:00", "2024-11-03T04:00"), 86_400, "864",
    ),
]  # fmt: skip

OTHERS = [
    Vector(
        "rolling_30_days",
        "30 days are 30 x 86,400 = 2,592,000 s back from the moment asked for, whatever the clocks of Paris did; "
        "1 % of it is 25,920 s = 7 h 12 min.",
        SINCE_2009,
        Asked("2026-03-31T12:00:00Z", "30d", zone=PARIS),
        {
            "from": "2026-03-01T12:00:00Z",
            "to": "2026-03-31T12:00:00Z",
            "counted": "2592000",
            "budget_seconds": "25920",
            "met": True,
        },
    ),
    Vector(
        "rolling_90_days",
        "90 x 86,400 = 7,776,000 s; 31 March back by 90 days is 31 December.",
        SINCE_2009,
        Asked("2026-03-31T12:00:00Z", "90d", zone=PARIS),
        {"from": "2025-12-31T12:00:00Z", "counted": "7776000", "budget_seconds": "77760"},
    ),
    Vector(
        "local_ends",
        "29 March 2026 in Paris from 00:00 (UTC+1) to 12:00 (UTC+2): 11 hours = 39,600 s.",
        SINCE_2009,
        Asked(start="2026-03-29T00:00", end="2026-03-29T12:00", zone=PARIS, as_of="2027-01-01"),
        {"from": "2026-03-28T23:00:00Z", "to": "2026-03-29T10:00:00Z", "counted": "39600"},
    ),
    Vector(
        "a_start_that_is_skipped",
        "02:30 of 29 March 2026 does not exist in Paris and is 03:30 (01:30Z); 04:00 is 02:00Z: half an hour.",
        SINCE_2009,
        Asked(start="2026-03-29T02:30", end="2026-03-29T04:00", zone=PARIS, as_of="2027-01-01"),
        {"from": "2026-03-29T01:30:00Z", "to": "2026-03-29T02:00:00Z", "counted": "1800"},
    ),
    Vector(
        "an_end_that_comes_twice",
        "02:30 of 25 October 2026 comes twice in Paris; the first is at UTC+2, 00:30Z. From 02:00, the first one "
        "too (00:00Z), it is half an hour.",
        SINCE_2009,
        Asked(start="2026-10-25T02:00", end="2026-10-25T02:30", zone=PARIS, as_of="2027-01-01"),
        {"from": "2026-10-25T00:00:00Z", "to": "2026-10-25T00:30:00Z", "counted": "1800"},
    ),
    Vector(
        "a_month_that_runs",
        "As of 29 March 00:00Z 28 days and an hour of March in Paris are over: 673 hours = 2,422,800 s. The base "
        "of the budget is the whole month all the same: 1 % of 743 hours.",
        SINCE_2009,
        Asked("2026-03-29T00:00:00Z", "2026-03", zone=PARIS),
        {
            "to": "2026-03-31T22:00:00Z",
            "counted": "2422800",
            "uptime": "1/1",
            "met": None,
            "budget_seconds": "26748",
        },
    ),
    Vector(
        "a_month_ahead",
        "Before it begins nothing of it was seen, and all of its budget is left.",
        SINCE_2009,
        Asked("2026-02-01", "2026-03", zone=PARIS),
        {
            "counted": "0",
            "uptime": None,
            "uptime_percent": None,
            "met": None,
            "coverage_percent": None,
            "budget_left_seconds": "26748",
        },
    ),
]

VECTORS = [*MONTHS, *LONGER, *MIDNIGHTS, *OTHERS]
