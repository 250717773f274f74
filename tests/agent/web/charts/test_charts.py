"""What is drawn where, and what is said of it."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from agent.web.charts.bars import share, waterfall
from agent.web.charts.lines import Band, Chart, lines
from agent.web.charts.strip import strip
from agent.web.charts.timeline import timeline
from alerting.slo.spans import Klass, Span
from alerting.slo.strip import Day

HOUR = 3_600_000_000
DAY = 24 * HOUR
TARGET = Fraction(99, 100)
SVG = "{http://www.w3.org/2000/svg}"


def read(chart: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(chart))


def paths(chart: Markup) -> dict[str, str]:
    return {each.attrib["class"]: each.attrib["d"] for each in read(chart).iter("path")}


def day(number: int, good: float, bad: float = 0.0, **more: int) -> Day:
    return Day(number * DAY, (number + 1) * DAY, int(good * DAY), int(bad * DAY), **more)


def test_a_strip_draws_days_of_one_class_as_one_run() -> None:
    chart = strip([day(0, 1), day(1, 1), day(2, 0.9, 0.1), day(3, 0.2, 0.8), day(4, 1)], TARGET, "UTC")
    assert paths(chart) == {"good": "M0 10h7M16 10h3", "below": "M8 15h3", "worst": "M12 17h3"}
    title = read(chart).findtext("title")
    assert title == "5 days: 3 all good, 1 below it, 1 half or more bad; worst 1970-01-04 with 20.00 %"


def test_a_day_that_nobody_saw_is_no_good_one() -> None:
    chart = strip([Day(0, DAY, unseen=DAY), Day(DAY, 2 * DAY)], TARGET, "UTC")
    assert list(paths(chart)) == ["unseen"]


def test_a_line_has_gaps_where_nothing_is_known() -> None:
    points = [(0, 1.0), (HOUR, 2.0), (5 * HOUR, 2.0)]
    chart = lines(Chart(0, 6 * HOUR, {"p50": points}, "words", 2 * HOUR), "UTC", str)
    (line,) = (d for name, d in paths(chart).items() if name == "line p50")
    assert re.findall("[A-Z]", line) == ["M", "L", "M"]


def test_what_stands_in_a_band_or_title_is_text() -> None:
    band = Band(0, HOUR, "incident", "<script>alert(1)</script>")
    chart = lines(Chart(0, HOUR, {}, "<b>", HOUR, [band]), "UTC", str)
    assert "<script" not in chart
    assert [each.text for each in read(chart).iter("title")] == ["<b>", "<script>alert(1)</script>"]


@given(
    st.lists(st.tuples(st.integers(-HOUR, 3 * HOUR), st.floats(0, 1e6)), max_size=20),
    st.lists(st.tuples(st.integers(-HOUR, 3 * HOUR), st.integers(0, HOUR)), max_size=5),
)
def test_every_number_of_a_chart_lies_within_it(
    points: list[tuple[int, float]], bands: list[tuple[int, int]]
) -> None:
    drawn = [Band(start, start + length, "incident", "x") for start, length in bands]
    chart = read(lines(Chart(0, 2 * HOUR, {"p50": sorted(points)}, "x", HOUR, drawn), "UTC", str))
    _, _, width, height = map(float, chart.attrib["viewBox"].split())
    for rect in chart.iter("rect"):
        assert 0 <= float(rect.attrib["x"]) <= width
        assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width + 1
    for line in chart.iter("path"):
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", line.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_a_timeline_tells_its_classes_apart_by_height_too() -> None:
    spans = [Span(0, HOUR, Klass.UP), Span(HOUR, 2 * HOUR, Klass.DOWN)]
    found = paths(timeline(spans, (0, 2 * HOUR), "UTC", "words"))
    assert found == {"fill up": "M0 0h380v24h-380z", "fill down": "M380 12h380v12h-380z"}


def test_a_waterfall_has_a_row_for_each_phase_one_after_the_other() -> None:
    chart = read(waterfall({"resolve": 0.01, "connect": 0.03}))
    one, other = chart.iter("rect")
    assert float(one.attrib["x"]) + float(one.attrib["width"]) == float(other.attrib["x"])
    assert chart.findtext("title") == "resolve 10ms, connect 30ms"
    assert waterfall({}) == ""


def test_a_budget_that_is_overdrawn_is_an_empty_bar() -> None:
    assert '<rect class="spent" width="0"' in share(-0.5, "spent")
    assert '<rect class="left" width="100"' in share(0.5, "half")
