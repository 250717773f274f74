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
    ("silence", "list"),
    ("silence", "list", "--all"),
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
        for scope in ("look", "work", "plan"):
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
        people = {"web": {"members": [{"name": "Agent One", "email": "one@example.org"}]}}
        vendors = {"maker": {"contact": "maker@example.org"}}
        with Daemon(
            tmp_path_factory.mktemp("daemon"), agent=agent, services=services, teams=people, vendors=vendors
        ) as daemon:
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


VERBS = (
    ("take", "{}"),
    ("start", "{}", "--note", "on it"),
    ("note", "{}", "the log is full"),
    ("message", "{}", "We are mending it."),
    ("message", "{}", "it is slow", "--from-reporter"),
    ("attach", "{}", "log.txt"),
    ("set", "{}", "workaround=the other door", "priority=high"),
    ("stamp", "{}", "investigated", "--at", "now"),
    ("assign", "{}", "--to", "Agent One"),
    ("watch", "{}", "--person", "two@example.org"),
    ("unwatch", "{}", "--person", "two@example.org"),
    ("task", "{}", "add", "Ask them", "--owner", "Agent One"),
    ("task", "{}", "done", "1"),
    ("task", "{}"),
    ("escalate", "{}", "--reason", "needs more", "--actions", "restarted it"),
    ("de-escalate", "{}", "--reason", "does not"),
    ("link", "{}", "--child-of", "T-1"),
    ("unlink", "{}", "T-1"),
    ("rca", "{}", "--cause", "full disk", "--factor", "no alarm"),
    ("vendor", "{}", "--to", "maker", "--expected", "24h"),
    ("vendor", "{}", "--done"),
    ("follow-up", "{}", "--in", "4h", "--reason", "call back"),
    ("follow-up", "{}", "--at", "3d"),
    ("follow-up", "{}", "--done", "--number", "1"),
    ("delay", "{}", "--in", "1d", "--reason", "a part must come"),
    ("follow-up", "{}"),
    ("pend", "{}", "--for", "vendor"),
    ("resolve", "{}", "--note", "new disk"),
    ("confirm", "{}", "--not-satisfied", "still slow"),
    ("split", "{}", "--title", "The printer, too", "--lines", "1,2"),
    ("close", "{}"),
    ("reopen", "{}", "--note", "again"),
    ("merge", "{}", "--into", "T-2"),
)


_THEIR_OWN = frozenset({"by", "assignee", "title", "known_issue", "version", "spent"})


def plain(document: Any, ids: tuple[str, ...]) -> Any:
    """Without what differs from one ticket and moment to another."""
    if isinstance(document, dict):
        return {name: plain(each, ids) for name, each in document.items() if name not in _THEIR_OWN}
    if isinstance(document, list):
        return [plain(each, ids) for each in document]
    if isinstance(document, str):
        return (
            "…"
            if document in ids or document[:3] == "202" or document in ("root", "far-work", "far-plan")
            else document
        )
    return document


def test_tickets_are_worked_on_from_there_as_from_here(tocsin: Tocsin, both: Both, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("full", encoding="utf-8")
    words = (
        "--reporter",
        "Reporter One",
        "--email",
        "r1@example.org",
        "--detected",
        "2h",
        "--urgency",
        "low",
    )
    more = ("--attach", str(tmp_path / "log.txt"), "--field", "workaround=none", "--json")
    opened = [
        tocsin("tickets", "open", "Slow", *words, *more, *options).document
        for options in (both.here(), both.there("work"))
    ]
    one, two = (each["id"] for each in opened)
    here, there = (plain(each, (one, two)) for each in opened)
    assert there == here
    for verb, *asked in VERBS:
        said = [
            tocsin("tickets", verb, *(each.replace("{}", name) for each in asked), "--json", *options)
            for name, options in ((one, both.here()), (two, both.there("work")))
        ]
        assert [(each.code, each.err) for each in said] == [(0, "")] * 2, (verb, said)
        ids = tuple(f"T-{number}" for number in range(1, 40))
        here, there = (plain(each.document, ids) for each in said)
        assert there == here, verb


PLANS: tuple[tuple[str, ...], ...] = (
    ("maintenance", "add", "--service", "disks", "--for", "2h", "--reason", "new disk"),
    ("maintenance", "add", "--from", "2d", "--to", "3d", "--reason", "new rack"),
    ("silence", "add", "--match", "service=shop", "--match", "severity=low,high", "--for", "1h", "--reason", "known"),
    ("silence", "add", "--match", "site=north", "--until", "4h", "--reason", "known"),
    ("silence", "end", "{silence}"),
    ("changes", "add", "new basket", "--service", "shop", "--version", "2.3"),
    ("maintenance", "end", "{running}"),
    ("maintenance", "cancel", "{planned}"),
)  # fmt: skip
REFUSED: tuple[tuple[str, ...], ...] = (
    ("maintenance", "add", "--service", "disks", "--to", "2020-01-01T00:00", "--reason", "late"),
    ("maintenance", "end", "M-99"),
    ("maintenance", "cancel", "M-99"),
    ("silence", "end", "S-99"),
    ("resume", "disks"),
)


def test_work_is_planned_from_there_as_from_here(tocsin: Tocsin, both: Both) -> None:
    ids = tuple(f"{letter}-{number}" for letter in "MSPC" for number in range(1, 40))
    made: dict[str, list[str]] = {"silence": [], "running": [], "planned": []}
    for words in PLANS:
        said = [
            tocsin(
                *(made[each.strip("{}")][at] if each.startswith("{") else each for each in words), *options, "--json"
            )
            for at, options in enumerate((both.here(), both.there("plan")))
        ]  # fmt: skip
        assert [(each.code, each.err) for each in said if each.code] == [], words
        here, there = (plain(each.document, ids) for each in said)
        assert there == here, words
        if words[1] == "add" and words[0] != "changes":
            state = "silence" if words[0] == "silence" else said[0].document["state"]
            made[state] = [each.document["id"] for each in said]


def test_a_check_rests_from_there_as_from_here(tocsin: Tocsin, both: Both) -> None:
    told = []
    for options in (both.here(), both.there("plan")):
        paused = tocsin("pause", "disks.cpu", "--for", "10m", "--reason", "it is moved", "--json", *options)
        resumed = tocsin("resume", "disks", "--json", *options)
        assert (paused.err, resumed.err) == ("", "")
        told.append(plain([paused.document, resumed.document], ("P-1", "P-2")))
    assert told[0] == told[1]


def test_plans_are_refused_alike(tocsin: Tocsin, both: Both) -> None:
    for words in REFUSED:
        here, there = (tocsin(*words, *options) for options in (both.here(), both.there("plan")))
        assert here.code != 0, words
        assert (there.out, there.code == 0) == ("", False), words
    running = tocsin(
        "maintenance", "add", "--for", "2h", "--reason", "now", "--json", *both.there("plan")
    ).document["id"]
    rejected: tuple[tuple[tuple[str, ...], str], ...] = (
        (("cancel", running), "has begun"),
        (("end", running, "--at", "3h"), "with --url it ends now"),
    )
    for more, why in rejected:
        ended = tocsin("maintenance", *more, *both.there("plan"))
        assert (ended.code in (1, 64), why in ended.err) == (True, True), ended
    assert tocsin("maintenance", "end", running, *both.there("plan")).code == 0


def test_a_refusal_is_said_alike(tocsin: Tocsin, both: Both) -> None:
    for verb, *words in (
        ("reopen", "T-2"), ("ack", "T-2", "--version", "1"), ("set", "T-2", "colour=red"),
        ("task", "T-2", "done", "77"),
        ("escalate", "T-2", "--reason", "it must", "--tier", "1"),
    ):  # fmt: skip
        here, there = (
            tocsin("tickets", verb, *words, *options) for options in (both.here(), both.there("work"))
        )
        assert here.code != 0
        assert (there.code, there.err) == (here.code, here.err), verb
    assert tocsin("tickets", "ack", "T-99", *both.there("work")).code == 1


def test_who_may_only_look_changes_nothing(tocsin: Tocsin, both: Both) -> None:
    ended = tocsin("tickets", "ack", "T-1", *both.there("look"))
    assert (ended.code, "this takes somebody who may work" in ended.err) == (1, True)
    named = tocsin("tickets", "ack", "T-1", "--by", "Agent One", *both.there("work"))
    assert (named.code, "you are whom the token says" in named.err) == (64, True)


def test_many_tickets_are_chosen_and_changed_at_the_same_place(tocsin: Tocsin, both: Both) -> None:
    done = tocsin(
        "tickets", "bulk", "--filter", "service=shop", "--do", "note seen", "--json", *both.there("work")
    )
    assert [(each["id"], each["ok"]) for each in done.document] == [("T-1", True)]
    assert "seen" in tocsin("tickets", "show", "T-1", *both.here()).out


def test_what_is_done_on_the_host_alone_is_not_done_beside_another(
    tocsin: Tocsin, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_URL", both.daemon.address)
    monkeypatch.setenv("TOCSIN_TOKEN_FILE", str(both.file("look")))
    for words in (
        ("recheck", "shop.home"),
        ("tickets", "verify", "T-1"),
    ):
        ended = tocsin(*words, *both.here())
        assert (ended.code, "on the host of the daemon alone" in ended.err) == (64, True), words
