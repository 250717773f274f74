"""Commands that ask a daemon elsewhere say what they say beside it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.control import ask
from alerting.slo.figures import rfc3339
from tests.end_to_end.daemon import Daemon, now, wait_for
from tests.site import Site

Tocsin = Callable[..., Any]
LISTS = (
    ("status",),
    ("incidents",),
    ("incidents", "--open"),
    ("tickets", "list"),
    ("tickets", "list", "--open", "--service", "shop", "--state", "NEW", "--search", "shop"),
    ("tickets", "list", "--assignee", "nobody"),
    ("tickets", "show", "T-1"),
    ("tickets", "show", "T-2"),
    ("uptime", "--as-of", "NOW"),
    ("uptime", "--as-of", "NOW", "--service", "shop", "--period", "today"),
    ("uptime", "--from", "2026-01-01", "--to", "2026-02-01", "--zone", "Asia/Tokyo"),
    ("outbox", "list"),
    ("outbox", "list", "--unsent"),
    ("maintenance", "list"),
    ("maintenance", "list", "--all"),
    ("changes", "list"),
    ("changes", "list", "--since", "2d", "--service", "shop"),
)
REPORTER = {"name": "Reporter One", "email": "r1@example.org"}
MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("desk", {"verb": "tickets.open", "arguments": {"title": "Cannot pay", "reporter": REPORTER}}),
    ("desk", {"verb": "tickets.take", "arguments": {"ticket": 2}}),
    ("desk", {"verb": "tickets.pend", "arguments": {"ticket": 2, "note": "asked for\nthe number"}}),
    ("desk", {"verb": "tickets.task", "arguments": {"ticket": 2, "action": "add", "text": "Ask", "owner": "Two"}}),
    ("desk", {"verb": "tickets.link", "arguments": {"ticket": 2, "other": 1, "relation": "related"}}),
    ("desk", {"verb": "tickets.escalate", "arguments": {"ticket": 1, "reason": "it is urgent"}}),
    ("maintenance.add", {"names": ["disks"], "lasts": 7200, "reason": "new disk"}),
    ("changes.add", {"told": {"text": "new basket", "service": "shop", "version": "2.3"}}),
)  # fmt: skip


class Both:
    """A daemon, and a directory elsewhere with its tokens: no configuration is there, and no store."""

    def __init__(self, daemon: Daemon, elsewhere: Path) -> None:
        self.daemon, self.elsewhere, self.now = daemon, elsewhere, rfc3339(now())
        for scope in ("look", "work"):
            told = ask(daemon.state_dir, "tokens.add", name=f"far-{scope}", scope=scope)
            self.file(scope).write_text(f"{told['token']}\n", encoding="utf-8")
            self.file(scope).chmod(stat.S_IRUSR)

    def file(self, scope: str) -> Path:
        return self.elsewhere / scope

    def here(self) -> tuple[str, ...]:
        return ("--config", str(self.daemon.config))

    def there(self, scope: str = "look") -> tuple[str, ...]:
        return ("--url", self.daemon.address, "--token-file", str(self.file(scope)))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with Site() as site:
        site.status = 503
        check = {"type": "http", "url": site.url, "every": "1h", "retry_every": "1s", "confirm": 1}
        services = {
            "shop": {"checks": {"home": check}},
            "disks": {"checks": {"cpu": {"type": "cpu", "every": "1h"}}},
        }
        agent = {"timezone": "Europe/Berlin"}
        with Daemon(tmp_path_factory.mktemp("daemon"), agent=agent, services=services) as daemon:
            daemon.start()
            wait_for(lambda: daemon.rows("SELECT 1 FROM tickets"), "a ticket")
            for command, words in MADE:
                ask(daemon.state_dir, command, **words)
            yield Both(daemon, tmp_path_factory.mktemp("elsewhere"))
            daemon.stop()


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_it_says_there_what_it_says_here(tocsin: Tocsin, both: Both, words: tuple[str, ...]) -> None:
    asked = [both.now if each == "NOW" else each for each in words]

    def said(*options: str) -> list[Any]:
        text, told = tocsin(*asked, *options), tocsin(*asked, *options, "--json")
        assert (text.code, text.err, told.code, told.err) == (0, "", 0, "")
        found = told.document
        if words == ("status",):
            del found["agent"]["alive_until"]  # it runs: that is this very moment
        return [text.out, found]

    def alike() -> bool:
        """Time goes on between two commands: what is compared stood still meanwhile."""
        before, there, after = said(*both.here()), said(*both.there()), said(*both.here())
        if before == after:
            assert there == before
        return before == after

    wait_for(alike, "a moment in which nothing changes")


def test_what_is_not_there_is_said_alike(tocsin: Tocsin, both: Both) -> None:
    for words, code in ((("tickets", "show", "T-99"), 1), (("changes", "list", "--service", "none"), 64)):
        there, here = tocsin(*words, *both.there()), tocsin(*words, *both.here())
        assert (there.code, there.err) == (here.code, here.err) == (code, here.err)
    ended = tocsin("uptime", "--service", "none", *both.there())
    assert (ended.code, ended.err) == (64, 'tocsin: no service is called "none"\n')


def test_a_token_that_is_not_known_is_refused_and_not_shown(tocsin: Tocsin, both: Both) -> None:
    (both.elsewhere / "wrong").write_text("toc_nobody-knows-this", encoding="utf-8")
    ended = tocsin("status", *both.there("wrong"))
    assert (ended.code, ended.out) == (1, "")
    assert "does not know the token" in ended.err
    assert "nobody-knows-this" not in ended.err


def test_the_environment_says_where_and_who(
    tocsin: Tocsin, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", both.daemon.address)
    assert tocsin("incidents").code == 78  # without a token it is for jobs that report
    monkeypatch.setenv("TOCSIN_TOKEN_FILE", str(both.file("look")))
    assert tocsin("incidents", "--json").document[0]["service"] == "shop"
    monkeypatch.delenv("TOCSIN_TOKEN_FILE")
    monkeypatch.setenv("TOCSIN_TOKEN", both.file("look").read_text(encoding="utf-8"))
    assert tocsin("incidents", "--json").document[0]["service"] == "shop"
