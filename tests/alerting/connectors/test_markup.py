"""Documents in each vendor's markup: what was said is there, and nothing of it acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from alerting.connectors.document import (
    Document,
    Facts,
    Quoted,
    Small,
    Text,
    bytes_of,
    cut,
    described,
    fitted,
    mark,
    marks_in,
    one_line,
    parts_of,
    remarked,
)
from alerting.connectors.markup import as_adf, as_html, as_markdown, as_textile, as_wiki, plain, tame
from tests.alerting.connectors.conformance import KEY, NASTY, comments, wanted

TEXTUAL: list[Callable[[Document], str]] = [plain, as_html, as_markdown, as_textile, as_wiki]


def test_a_description_is_paragraphs_quotes_facts_and_the_key() -> None:
    document = described(wanted())
    assert document[0] == Text("The shop (shop.home, http) is down.\nReason: HTTP 503")
    assert document[1:3] == (Text("Readings:"), Quoted("12:00  503\n12:01  503"))
    assert document[3] == Facts(
        (
            ("Service", "shop"),
            ("Check", "home"),
            ("Severity", "high"),
            ("Our ticket", "T-12"),
            ("site", "jhb"),
        )
    )
    assert document[4] == Small(f"[tocsin {KEY}]")


def test_what_a_ticket_goes_on_from_and_comes_from_is_a_fact() -> None:
    (facts,) = [
        part for part in described(wanted(follows="4711", duplicate_of="toc-1")) if isinstance(part, Facts)
    ]
    assert ("Goes on from", "4711") in facts.pairs
    assert ("Caused by", "toc-1") in facts.pairs


@pytest.mark.parametrize("markup", TEXTUAL)
def test_keys_and_marks_are_read_from_every_markup(markup: Callable[[Document], str]) -> None:
    assert marks_in(markup(described(wanted()))) == (KEY,)
    (comment,) = comments("it is up")
    assert marks_in(markup(remarked(comment))) == (comment.id,)
    assert "it is up" in markup(remarked(comment))


def test_atlassians_format_carries_them_as_texts() -> None:
    assert marks_in(json.dumps(as_adf(described(wanted())))) == (KEY,)


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert not attrs
        self.elements.add(tag)


def test_html_holds_no_element_of_the_text() -> None:
    seen = _Seen()
    seen.feed(as_html((Text(NASTY), Quoted(NASTY), Facts(((NASTY, NASTY),)), Small(NASTY))))
    assert seen.elements <= {"p", "pre", "ul", "li", "b", "br", "small"}


@pytest.mark.parametrize("markup", TEXTUAL[2:])
def test_nobody_is_mentioned_and_nothing_done(markup: Callable[[Document], str]) -> None:
    text = markup((Text("@everyone see #12\n/close\n[~admin] {noformat} !x! <@U1>"),))
    assert "@everyone" not in text
    assert "#12" not in text.replace("\\", "")
    assert not any(line.startswith("/close") for line in text.splitlines())


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    text = as_markdown((Quoted("a\n`````\n@everyone"),))
    assert text.startswith("``````text\n")
    assert text.endswith("\n``````")


def test_a_hidden_line_cannot_be_ended_by_its_text() -> None:
    assert as_markdown((Small("a --> <b>"),)).count("-->") == 1


def test_wiki_quotes_cannot_be_ended_by_their_text() -> None:
    assert as_wiki((Quoted("a {noformat} @x"),)).count("{noformat}") == 2


@pytest.mark.parametrize("text", ["ops@example.org", "https://a.example/@x", "a#b", "no marks", "1/2"])
def test_plain_words_are_left_alone(text: str) -> None:
    assert tame(text) == text


def test_lines_stay_lines() -> None:
    assert as_markdown((Text("one\ntwo"),)) == "one  \ntwo"
    assert as_html((Text("one\ntwo"),)) == "<p>one<br>two</p>"
    (paragraph,) = as_adf((Text("one\ntwo"),))["content"]
    assert [node["type"] for node in paragraph["content"]] == ["text", "hardBreak", "text"]


@pytest.mark.parametrize("most", [1500, 3000, 20_000])
@pytest.mark.parametrize("markup", TEXTUAL)
def test_a_document_is_cut_until_it_fits_as_it_is_sent(markup: Callable[[Document], str], most: int) -> None:
    lines = "\n".join(f"  line {n} <&>{chr(0xE9) * 30}" for n in range(2000))
    document = described(wanted(description=f"It is down.\n\nOutput:\n{lines}"))
    text = fitted(document, markup, bytes_of, most)
    assert bytes_of(text) <= most
    assert marks_in(text) == (KEY,)
    assert "It is down" in text
    assert "cut" in text


def test_what_fits_is_not_cut() -> None:
    assert fitted(described(wanted()), plain, bytes_of, 30_000) == plain(described(wanted()))


def test_what_cannot_be_made_to_fit_ends() -> None:
    assert fitted((Facts((("a", "b" * 500),)),), plain, bytes_of, 100)


@pytest.mark.parametrize("most", range(12))
def test_texts_are_cut_between_characters(most: int) -> None:
    assert len(cut("aé漢😀z", most).encode()) <= max(most, 3)


def test_a_title_is_one_line() -> None:
    assert one_line(" a\n b\tc ", 100) == "a b c"


def test_parts_of_nothing_are_none() -> None:
    assert parts_of("\n\n \n") == ()


def test_a_mark_survives_backslashes() -> None:
    assert marks_in(mark("a-1").replace("[", "\\[").replace("-", "\\-")) == ("a-1",)
