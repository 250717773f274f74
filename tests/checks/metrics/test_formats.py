"""Both text formats: any text is read or refused with its line; what was written is read; rules one by one."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Container

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

from checks.metrics import openmetrics, text_format
from checks.metrics.exposition import (
    LONGEST_LINE,
    MOST_LINES,
    MOST_SAMPLES,
    Page,
    Sample,
    TooSlow,
    Unreadable,
)
from tests.checks.metrics.pages import Family, families, older_text, openmetrics_text

Read = Callable[[str, Container[str], float], Page]
READERS: list[Read] = [openmetrics.read, text_format.read]
both = pytest.mark.parametrize("read", READERS, ids=["openmetrics", "older"])
_PIECES = st.sampled_from(
    ["# TYPE a ", "# HELP a ", "# UNIT a ", "gauge", "histogram", "counter", "a", "a_total", "a_bucket", "{", "}",
     'le="1"', 'le="+Inf"', 'b="c"', ",", " ", "\n", "1", "0.5", "NaN", "+Inf", " # ", "# EOF\n", "\\", '"', "\t"]
)  # fmt: skip


class _Everything:
    """Each name is wanted."""

    def __contains__(self, _name: object) -> bool:
        return True


def _read(read: Read, text: str) -> Page:
    return read(text, _Everything(), math.inf)


def _line(read: Read, text: str) -> int:
    """Of which line the page is refused for."""
    with pytest.raises(Unreadable) as refused:
        _read(read, text)
    return refused.value.line


def _samples(page: Page) -> list[Sample]:
    return sorted((each for group in page.samples.values() for each in group), key=repr)


@both
@given(text=st.text() | st.lists(_PIECES, max_size=20).map("".join))
def test_any_text_is_read_or_refused_with_its_line(read: Read, text: str) -> None:
    try:
        page = _read(read, text)
    except Unreadable as refused:
        assert 1 <= refused.line <= text.count("\n") + 2  # what is missing stands behind the end
        assert str(refused).isprintable()
    else:
        assert page.series <= text.count("\n") + 1


@given(made=families())
def test_openmetrics_that_was_written_is_read(made: list[Family]) -> None:
    page = _read(openmetrics.read, openmetrics_text(made))
    assert _samples(page) == sorted((each for family in made for each in family.samples), key=repr)


@given(made=families())
def test_older_format_that_was_written_is_read(made: list[Family]) -> None:
    page = _read(text_format.read, older_text(made))
    assert _samples(page) == sorted((each for family in made for each in family.samples), key=repr)


@given(made=families(), data=st.data())
def test_nothing_is_read_as_openmetrics_that_its_makers_reader_refuses(
    made: list[Family], data: st.DataObject
) -> None:
    text = openmetrics_text(made)
    at = data.draw(st.integers(0, len(text)))
    more = data.draw(st.integers(0, 3))
    text = text[:at] + data.draw(_PIECES | st.just("")) + text[at + more :]
    try:
        _read(openmetrics.read, text)
    except Unreadable:
        return
    assert _theirs(text)


def _theirs(text: str) -> bool:
    list(text_fd_to_metric_families(io.StringIO(text, newline="\n")))  # type: ignore[no-untyped-call]  # untyped there
    return True


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a 1\n# EOF\na 2\n", 3),
        ("a 1\n", 2),
        ("a 1\r\n# EOF\n", 1),
        ("a 1e999\n# EOF\n", 1),
        ("a +NaN\n# EOF\n", 1),
        ('a{b="1", c="2"} 1\n# EOF\n', 1),
        ("a{} 1 1 1\n# EOF\n", 1),
        ("a 1\na 2\n# EOF\n", 2),
        ('a{b="\ufffd"} 1\n# EOF\n', 1),
        ("# TYPE a gauge\n# HELP a \r\n# EOF\n", 2),
        ('a{__name__="b"} 1\n# EOF\n', 1),
        ("# TYPE a counter\na_total 1 1\na_created 5 2\n# EOF\n", 4),
        ("# TYPE a counter\na_created 5 1\na_total 1 2\n# EOF\n", 3),
        ('# TYPE a counter\na_created{b="1"} 5\na_total{b="2"} 1\n# EOF\n', 3),
        ("# TYPE a gauge\na_total 1\n# TYPE a_total counter\n# EOF\n", 3),
        ("# TYPE a counter\n# TYPE a_created gauge\n# EOF\n", 2),
        ("# TYPE a_bucket gauge\n# TYPE a histogram\n# EOF\n", 2),
        ("# TYPE a counter\na_created 1\n# EOF\n", 3),
        ('# TYPE a histogram\na_bucket{le="1"} 1 # {} 2\na_bucket{le="+Inf"} 1\n# EOF\n', 2),
        ('# TYPE a histogram\na_bucket{le="+Inf"} 1.5\n# EOF\n', 2),
        ('# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count{le="+Inf"} 1\na_sum 1\n# EOF\n', 3),
        ('# TYPE a histogram\na_bucket{le="NaN"} 1\n# EOF\n', 2),
        ('# TYPE a summary\na{quantile="NaN"} 1\n# EOF\n', 2),
        ('# TYPE a summary\na_count{quantile="0.5"} 1\n# EOF\n', 2),
        ("# TYPE a summary\na_count 0.5\n# EOF\n", 2),
        ('# TYPE a stateset\na{a="x"} 1\na{a="x"} 0\n# EOF\n', 3),
        ('# TYPE a_s info\n# UNIT a_s s\n# EOF\n', 2),
        ('# TYPE a gauge\na{b="1"} 1\na{b="2"} 1\na{b="1"} 1\n# EOF\n', 4),
        ("# TYPE a histogram\na 1 {count:1,sum:2}\n# EOF\n", 2),
    ],
)  # fmt: skip
def test_breach_of_openmetrics_is_told_with_its_line(text: str, line: int) -> None:
    assert _line(openmetrics.read, text) == line


@pytest.mark.parametrize(
    "text",
    [
        "# EOF",
        "# EOF\n",
        'a{b="\\z\\\\\\n\\""} 1\n# EOF\n',
        "a 1 -0.5\na 2 7e3\n# EOF\n",
        '# TYPE a gaugehistogram\na_bucket{le="-1"} 1\na_bucket{le="+Inf"} 1\n# EOF\n',
        '# TYPE a histogram\na_count{x="1"} 1\na_sum{x="1"} 1\na_bucket{x="1",le="+Inf"} 1\n# EOF\n',
        '# TYPE a summary\na{quantile="0.5"} NaN\n# EOF\n',
        '# HELP a say "so", \rat once \\\n# EOF\n',
        "# TYPE a counter\na_created 5 1\na_total 1 1\na_total 2 2\na_created 5 2\n# EOF\n",
        "# HELP a b\n# TYPE a counter\n# UNIT a \na_total{} 1 1 # {} 1 1\n# EOF\n",
        '# TYPE a info\na_info{v="1"} 1 2\na_info{v="2"} 1 1\n# EOF\n',
    ],
)
def test_openmetrics_allows_what_is_rare(text: str) -> None:
    assert _read(openmetrics.read, text).series <= text.count("\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a 1", 1),
        ("a 1\n\nb\n", 3),
        ("a 1\r\n", 1),
        ("a 0x1p3\n", 1),
        ("a 1_0\n", 1),
        ("a 1e999\n", 1),
        ("a 1 1.5\n", 1),
        ("a 1 1 1\n", 1),
        ('a{b="\\z"} 1\n', 1),
        ("a{b='c'} 1\n", 1),
        ('a{b="c",,} 1\n', 1),
        ('a{b="c" 1\n', 1),
        ('a{__name__="c"} 1\n', 1),
        ('a{b="\ufffd"} 1\n', 1),
        ('# TYPE a histogram\na_bucket{le="x"} 1\n', 2),
        ('# TYPE a summary\na{quantile="x"} 1\n', 2),
        ("# TYPE a meh\n", 1),
        ("# TYPE a gauge\n# TYPE a gauge\n", 2),
        ("# HELP a b\\z\n", 1),
        ("# HELP 1 b\n", 1),
    ],
)
def test_breach_of_the_older_format_is_told_with_its_line(text: str, line: int) -> None:
    assert _line(text_format.read, text) == line


def test_older_format_allows_what_is_rare() -> None:
    page = _read(
        text_format.read,
        "\n# a comment\n#\n# HELP\n# TYPE a\n# HELP a\n \t# TYPE b  counter\t\n"
        ' \ta { b = "1" , c="2" , } \t 1.5e3   -7  \na{d="x"}2\n+Inf_is_none 1\n'.replace("+Inf_is_none", "b")
        + "nan NaN\ninf -inf\n",
    )
    assert page.samples["a"] == [
        Sample("a", {"b": "1", "c": "2"}, 1500.0, -0.007),
        Sample("a", {"d": "x"}, 2.0),
    ]
    assert page.series == 5
    assert math.isnan(page.samples["nan"][0].value)


def test_series_that_comes_twice_counts_once_in_the_older_format() -> None:
    page = _read(text_format.read, 'a{b="1",c="2"} 1\na{c="2",b="1"} 5\n')
    assert [each.value for each in page.samples["a"]] == [1]
    assert page.doubled == ['a{c="2",b="1"}']


def test_only_wanted_samples_are_kept_and_all_names_known() -> None:
    page = text_format.read("a 1\nb 2\n", {"b"}, math.inf)
    assert list(page.samples) == ["b"]
    assert list(page.names) == ["a", "b"]


@both
@pytest.mark.parametrize(
    "text",
    [
        "a" * (3 * LONGEST_LINE) + " 1\n",
        'a{b="' + "x" * (3 * LONGEST_LINE) + '"} 1\n',
        "# HELP a " + "x" * (3 * LONGEST_LINE) + "\n",
        'a{b="' * 20_000 + "\n",
        "\n" * (MOST_LINES + 200_000),
    ],
    ids=["name", "label", "help", "quotes", "lines"],
)
def test_page_beyond_all_measure_is_refused(read: Read, text: str) -> None:
    with pytest.raises(Unreadable):
        _read(read, text)


def test_more_series_than_anybody_needs_are_refused() -> None:
    with pytest.raises(Unreadable, match=f"more than {MOST_SAMPLES} series"):
        text_format.read("a 1\n" * (MOST_SAMPLES + 100_000), (), math.inf)


@both
def test_reading_ends_at_the_deadline(read: Read) -> None:
    lines = "".join(f"a{number} 1\n" for number in range(100_000))
    with pytest.raises(TooSlow):
        read(lines, (), time.perf_counter())
