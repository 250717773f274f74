"""Times, sizes and shares as people write them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.units import parse_duration, parse_ratio, parse_size, show_duration, show_ratio, show_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("250ms", 0.25), ("1.5h", 5400),
        ("2d", 172800), ("1w", 604800), (" 10 s ", 10), ("0", 0), ("0s", 0), ("366d", 31622400),
    ],
)  # fmt: skip
def test_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("10B", 10),
        ("2KB", 2000),
        ("2KiB", 2048),
        ("1.5MiB", 1572864),
        ("10 GB", 10**10),
    ],
)
def test_size_is_bytes(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "share"),
    [("99%", "99/100"), ("99.95 %", "1999/2000"), ("0.99", "99/100"), ("1", "1"), ("100%", "1"), ("0%", "0")],
)
def test_ratio_is_exact(text: str, share: str) -> None:
    assert parse_ratio(text) == Fraction(share)


@pytest.mark.parametrize(
    ("parse", "text", "remedy"),
    [
        (parse_duration, "30", "30s"), (parse_duration, "30 sec", "30s"), (parse_duration, "5 Minutes", "5m"),
        (parse_duration, "1 hour 30 min", "1h30m"), (parse_duration, "10S", "10s"), (parse_duration, "1.5", "1.5s"),
        (parse_size, "10mb", "10MB"), (parse_size, "10G", "10GiB"), (parse_size, "5 bytes", "5B"),
        (parse_size, "1.5", "1.5B"),
        (parse_ratio, "99", "99%"), (parse_ratio, "99.95", "99.95%"),
    ],
)  # fmt: skip
def test_what_was_nearly_right_is_met_with_a_remedy(
    parse: Callable[[object], object], text: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=rf"\(did you mean {remedy}\?\)$"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "s", "-5s", "5x", "12:30", "1e3s", "٣s", "5s!", "1_000s", "nan", "inf", "yes"]
)
@pytest.mark.parametrize("parse", [parse_duration, parse_size, parse_ratio])
def test_anything_else_is_refused(parse: Callable[[object], object], text: str) -> None:
    with pytest.raises(ValueError, match="expected a "):
        parse(text)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_duration, "9" * 30 + "w"),
        (parse_duration, "101" * 3 + "w"),
        (parse_size, "9" * 18 + "TiB"),
        (parse_size, "9" * 20),
        (parse_size, "9" * 5000),
        (parse_ratio, "9" * 5000 + "%"),
        (parse_duration, "1s" * 100_000),
    ],
)
def test_huge_figures_are_refused_in_few_words(parse: Callable[[object], object], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert len(str(caught.value)) < 160


@given(st.integers(1, 59), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_shown_duration_reads_back_the_same(count: int, unit: str) -> None:
    seconds = parse_duration(f"{count}{unit}")
    assert parse_duration(show_duration(seconds)) == pytest.approx(seconds)


@given(st.integers(0, 4096), st.sampled_from(["B", "KB", "MiB", "GiB", "TB"]))
def test_shown_size_reads_back_the_same(count: int, unit: str) -> None:
    size = parse_size(f"{count}{unit}")
    assert parse_size(show_size(size)) == size


@given(st.text(max_size=30))
def test_any_text_is_a_figure_or_a_value_error(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_ratio):
        try:
            assert parse(text) >= 0
        except ValueError as error:
            assert str(error).isprintable()


def test_share_is_shown_in_per_cent() -> None:
    assert show_ratio(Fraction(1999, 2000)) == "99.95%"
