"""`tocsin tickets link, unlink, merge, split, bulk` without a daemon: what they print, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate

Tocsin = Callable[..., Any]
CONFIG = """
agent: {id: test, state_dir: state}
teams: {web: {members: [{name: Agent One, email: one@example.org}]}}
services: {shop: {team: web, checks: {a: {type: cpu}}}}
"""


@pytest.fixture
def tickets(tocsin: Tocsin, tmp_path: Path) -> Tocsin:
    """`tickets("link", "T-2", …)` in a desk with three tickets."""
    (tmp_path / "tocsin.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "state").mkdir(mode=0o700)
    engine = writing_engine(tmp_path / "state" / FILE_NAME)
    migrate(engine)
    engine.dispose()

    def run(*words: str) -> Any:
        return tocsin("tickets", *words)

    for title in ("Red", "Green", "Blue"):
        assert run("open", title, "--service", "shop").code == 0
    return run


def test_tickets_are_tied_and_show_says_so(tickets: Tocsin) -> None:
    assert tickets("link", "T-2", "--child-of", "T-1").out == "T-2 is part of T-1\n"
    assert tickets("link", "T-3", "--related", "T-2", "--json").document == {
        "id": "T-3", "relation": "related", "other": "T-2"
    }  # fmt: skip
    shown = tickets("show", "T-2", "--json").document
    assert (shown["parent"], shown["related"]) == ("T-1", ["T-3"])
    assert {(each["relation"], each["ticket"]) for each in shown["links"]} == {
        ("child_of", "T-1"),
        ("related", "T-3"),
    }
    assert "part of T-1" in tickets("show", "T-2").out
    assert (ended := tickets("close", "T-1", "--note", "done")).code == 1
    assert "--with-children" in ended.err
    assert tickets("unlink", "T-2", "T-1").code == 0
    assert tickets("show", "T-2", "--json").document["parent"] is None
    assert tickets("close", "T-1", "--note", "done").code == 0


def test_a_merged_ticket_says_where_it_went(tickets: Tocsin) -> None:
    assert tickets("merge", "T-2", "--into", "T-1").out == "T-2 is closed and goes on in T-1\n"
    assert "T-1" in tickets("show", "T-2").out
    assert tickets("note", "T-2", "seen again").code == 0
    assert any(each["text"] == "seen again" for each in tickets("show", "T-1", "--json").document["timeline"])
    assert tickets("split", "T-1", "--title", "Other", "--lines", "1").out == "T-4 was split from T-1\n"


REFUSED: list[tuple[tuple[str, ...], int]] = [
    (("link", "T-1", "--child-of", "T-1"), 64),
    (("link", "T-1"), 64),
    (("link", "T-1", "--child-of", "T-2", "--related", "T-3"), 64),
    (("link", "T-1", "--child-of", "T-99"), 1),
    (("link", "x", "--child-of", "T-1"), 64),
    (("unlink", "T-1", "T-2"), 1),
    (("merge", "T-1"), 64),
    (("merge", "T-1", "--into", "T-1"), 64),
    (("split", "T-1", "--title", "x", "--lines", "a"), 64),
    (("split", "T-1", "--title", "x", "--lines", "99"), 1),
    (("bulk", "--do", "close"), 64),
    (("bulk", "--ids", "T-1", "--filter", "open", "--do", "close"), 64),
    (("bulk", "--ids", "T-1", "--do", "merge --into T-2"), 64),
    (("bulk", "--ids", "T-1", "--do", "close --nope"), 64),
    (("bulk", "--ids", "T-1", "--do", "close --help"), 64),
    (("bulk", "--ids", "T-1", "--do", "close --config=other.yaml"), 64),
    (("bulk", "--ids", "T-1", "--do", "note 'x"), 64),
    (("bulk", "--filter", "nonsense", "--do", "close"), 64),
    (("bulk", "--filter", "", "--do", "close"), 64),
]


def test_what_cannot_be_is_refused_in_a_line(tickets: Tocsin) -> None:
    for words, code in REFUSED:
        ended = tickets(*words)
        assert (ended.code, ended.out) == (code, ""), words
        assert "Traceback" not in ended.err
        assert ended.err


def test_bulk_does_each_by_itself_and_says_what_became_of_it(tickets: Tocsin) -> None:
    words = ("bulk", "--ids", "T-1,T-3,T-77,T-1", "--do", "set workaround='turn it off and on'")
    assert [each["ok"] for each in tickets(*words, "--dry-run", "--json").document] == [True] * 3
    assert tickets("show", "T-1", "--json").document["fields"] == {}
    ended = tickets(*words, "--json")
    assert ended.code == 1
    assert [(each["id"], each["ok"], each["error"]) for each in ended.document] == [
        ("T-1", True, None), ("T-3", True, None), ("T-77", False, "there is no ticket T-77")
    ]  # fmt: skip
    assert tickets("show", "T-3", "--json").document["fields"]["workaround"] == "turn it off and on"


def test_bulk_takes_those_that_fit(tickets: Tocsin) -> None:
    tickets("start", "T-2", "--by", "Agent One")
    ended = tickets("bulk", "--filter", "state=in_progress service=shop", "--do", "resolve --note mended")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert [tickets("show", f"T-{number}", "--json").document["state"] for number in (1, 2, 3)].count(
        "resolved"
    ) == 1
