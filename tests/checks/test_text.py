"""Text from outside cannot break a line, steer a terminal or hide."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.text import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("220 mail.example.org ESMTP\r\n", "220 mail.example.org ESMTP\\r\\n"),
        ("a\tb", "a\\tb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028break", "line\\u2028break"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("wide\u3000space\u00a0here", "wide space here"),
        ("\u3164", "\\u3164"),
        ("Grüße aus Zürich ✓ 你好", "Grüße aus Zürich ✓ 你好"),
        ("C:\\temp", "C:\\temp"),
        ("", ""),
    ],
)
def test_hidden_marks_are_written_out_and_the_rest_is_left_alone(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut_with_a_sign_of_it() -> None:
    assert visible("x" * 200) == "x" * 200
    assert visible("x" * 201) == "x" * 199 + "…"


def test_an_escape_is_never_cut_in_two() -> None:
    assert visible("abc\x1b", limit=6) == "abc…"
    assert visible("ab\x1b", limit=6) == "ab\\x1b"


@given(st.text(st.characters()), st.integers(1, 300))
def test_result_is_one_short_line_of_marks_that_can_be_seen(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert len(shown) <= limit
    assert all(
        unicodedata.category(mark)[0] != "C" and unicodedata.category(mark)[0:2] not in {"Zl", "Zp"}
        for mark in shown
    )
    assert visible(shown, limit) == shown


def test_lines_keep_their_ends_and_tabs_and_nothing_else_unseen() -> None:
    assert visible_lines("a\tb\r\n\n\x1b[2Jc\rd\r\n", 100) == "a\tb\r\n\n\\x1b[2Jc\\rd\r\n"
    assert visible_lines("", 100) == ""
