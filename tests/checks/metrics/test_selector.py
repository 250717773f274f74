"""Selectors: what they mean, what is refused, and that no text of theirs breaks anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.metrics.selector import selector


@pytest.mark.parametrize(
    ("written", "labels", "fits"),
    [
        ("up", {}, True),
        ("up", {"job": "x"}, True),
        ("up{}", {"job": "x"}, True),
        ('up{job="x"}', {"job": "x"}, True),
        ('up{job="x"}', {"job": "xy"}, False),
        ('up{job!="x"}', {}, True),
        ('up{job=""}', {}, True),
        ('up{job=~"x|y"}', {"job": "y"}, True),
        ('up{job=~"x"}', {"job": "xy"}, False),
        ('up{job=~".*"}', {}, True),
        ('up{job!~"x.*"}', {"job": "xyz"}, False),
        ('up{job=~"a.b"}', {"job": "a\nb"}, True),
        ('up{ job = "x" , code =~ "5.." , }', {"job": "x", "code": "503"}, True),
        ('up{job="x",code=~"5.."}', {"job": "x", "code": "200"}, False),
        ("up{job='x'}", {"job": "x"}, True),
        (r'up{path=~"/a\\.b"}', {"path": "/a.b"}, True),
        (r'up{path="\"\n\\"}', {"path": '"\n\\'}, True),
        ('up{job="{,}"}', {"job": "{,}"}, True),
    ],
)
def test_selector_means_what_it_means_in_prometheus(
    written: str, labels: dict[str, str], *, fits: bool
) -> None:
    found = selector(written)
    assert found.name == "up"
    assert found.fits(labels) is fits


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "no metric name"),
        ("{job='x'}", "no metric name"),
        ("up{job=x}", "expected label="),
        ("up{job='x'", "expected label="),
        ("up{job='x' code='y'}", "expected label="),
        ("up[5m]", "measure: rate"),
        ("rate(up[5m])", "measure: rate"),
        ("up + 1", "follows the selector"),
        ('up{job=~"("}', "RE2"),
        ('up{job=~"(?!x)"}', "RE2"),
        ("x" * 2000, "at most"),
    ],
)
def test_what_is_no_selector_is_told_with_the_remedy(written: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        selector(written)


@given(st.text(max_size=60) | st.from_regex(r'\Aup\{a(=|=~|!~)".{0,10}"\}\Z'))
def test_any_text_is_a_selector_or_a_mistake_of_the_operator(written: str) -> None:
    try:
        found = selector(written)
    except ValueError as error:
        assert str(error).isprintable()
    else:
        assert found.written == written
        assert isinstance(found.fits({"a": "\U0001f514"}), bool)
