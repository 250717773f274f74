"""Hours of the week: what is understood, and what is said about the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.hours import WHOLE_DAY, days_in, overlap, time_of_day, week_of

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
WEEKDAYS = (MON, TUE, WED, THU, FRI)


def hour(text: str) -> tuple[tuple[int, int], ...]:
    """`8-12 13-17` as minutes."""
    spans = (span.partition("-") for span in text.split())
    return tuple((int(start) * 60, int(end) * 60) for start, _, end in spans)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["mon-fri 08:00-17:00"], dict.fromkeys(WEEKDAYS, "8-17")),
        (["mon-fri 08:00-17:00, sat 09:00-12:00"], {**dict.fromkeys(WEEKDAYS, "8-17"), SAT: "9-12"}),
        (["mon-fri 08:00-17:00", "sat 09:00-12:00"], {**dict.fromkeys(WEEKDAYS, "8-17"), SAT: "9-12"}),
        (["Monday - Friday 08:00 – 17:00"], dict.fromkeys(WEEKDAYS, "8-17")),
        (["MON 08:00-12:00 13:00-17:00"], {MON: "8-12 13-17"}),
        (["mon, wed 08:00-12:00, 13:00-17:00; fri 09:00-10:00"], {MON: "8-12 13-17", WED: "8-12 13-17", FRI: "9-10"}),
        (["fri-mon 10:00-24:00"], dict.fromkeys((FRI, SAT, SUN, MON), "10-24")),
        (["10:00-11:00"], dict.fromkeys(range(7), "10-11")),
        (["24x7"], dict.fromkeys(range(7), "0-24")),
        (["00:00-24:00"], dict.fromkeys(range(7), "0-24")),
        (["sun 22:00-06:00"], {SUN: "22-24", MON: "0-6"}),
        (["mon 22:00-06:00", "tue 05:00-07:00"], {MON: "22-24", TUE: "0-7"}),
        (["mon 08:00-12:00, mon 11:00-13:00, mon 13:00-14:00"], {MON: "8-14"}),
        (["tue-tue 08:00-09:00,"], {TUE: "8-9"}),
    ],
)  # fmt: skip
def test_hours_are_read_as_people_write_them(texts: list[str], expected: dict[int, str]) -> None:
    assert week_of(texts) == tuple(hour(expected.get(day, "")) for day in range(7))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'expected hours like mon-fri 08:00-17:00, got ""'),
        ("8-17", 'expected hours like mon-fri 08:00-17:00, got "8-17" (did you mean 08:00-17:00?)'),
        ("mon 8am-5pm", 'expected hours like mon-fri 08:00-17:00, got "8am-5pm" (did you mean 08:00-17:00?)'),
        ("mon 0800-1700", 'expected hours like mon-fri 08:00-17:00, got "0800-1700" (did you mean 08:00-17:00?)'),
        ("mon 08:00", 'expected hours like mon-fri 08:00-17:00, got "08:00"'),
        ("24/7", 'expected hours like mon-fri 08:00-17:00, got "24/7" (did you mean 24x7?)'),
        ("weekdays 08:00-17:00", 'expected hours like mon-fri 08:00-17:00, got "weekdays" (did you mean mon-fri?)'),
        ("mon-fri 25:00-26:00", '"25:00" is no time of the day (write 00:00 to 23:59)'),
        ("mon-fri 08:00-24:01", '"24:01" is no time of the day (write 00:00 to 24:00)'),
        ("mon-fri 24:00-06:00", '"24:00" is no time of the day (write 00:00 to 23:59)'),
        ("mon-fri 08:60-09:00", '"08:60" is no time of the day (write 00:00 to 23:59)'),
        ("mon 08:00-08:00", '"08:00-08:00" ends when it begins (write 00:00-24:00 for the whole day)'),
        ("mon-fri", '"mon-fri" has no times after it (write mon-fri 00:00-24:00)'),
        ("08:00-17:00 mon-fri", '"mon-fri" has no times after it (write mon-fri 08:00-17:00)'),
        ("mon 08:00-09:00, sat", '"sat" has no times after it (write sat 00:00-24:00)'),
        ("tues 08:00-09:00", 'no day is called "tues" (did you mean "tue"?)'),
        ("mon-fir 08:00-09:00", 'no day is called "fir" (did you mean "fri"?)'),
        ("x" * 5000, f'expected hours like mon-fri 08:00-17:00, got "{"x" * 57}..."'),
    ],
)  # fmt: skip
def test_mistake_in_hours_is_answered_with_what_was_meant(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        week_of([text])
    assert str(caught.value) == message


@given(st.text(alphabet="mondayfriwek0123456789:-–,; x/", max_size=40))
def test_any_text_is_hours_or_one_sentence(text: str) -> None:
    try:
        week = week_of([text])
    except ValueError as error:
        assert str(error).isprintable()
        return
    assert any(week)
    for spans in week:
        flat = [minute for span in spans for minute in span]
        assert flat == sorted(set(flat))
        assert all(0 <= minute <= WHOLE_DAY for minute in flat)


def test_days_go_round_the_end_of_the_week() -> None:
    assert days_in("Sat-Tue") == [SAT, SUN, MON, TUE]
    assert days_in("sunday") == [SUN]
    assert days_in("tue - wed") == [TUE, WED]


def test_24_00_is_an_end_and_no_beginning() -> None:
    assert time_of_day("24:00", end=True) == WHOLE_DAY
    with pytest.raises(ValueError, match=r"24:00"):
        time_of_day("24:00")


def test_weeks_that_share_no_minute_do_not_overlap() -> None:
    office, weekend = week_of(["mon-fri 08:00-17:00"]), week_of(["sat-sun 08:00-17:00"])
    evening = week_of(["fri 17:00-20:00"])
    assert overlap([office, office])
    assert not overlap([office, weekend])
    assert not overlap([office, evening])
    assert overlap([office, evening, week_of(["24x7"])]) is False
    assert overlap([evening, week_of(["16:00-18:00"])])
