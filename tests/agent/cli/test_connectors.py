"""`tocsin connectors` says of each type what its models say, and looks at a helpdesk with or without a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.app import App, build
from agent.cli.setting import connectors
from alerting.connectors.base import ConnectorType
from alerting.connectors.registry import all_connectors
from checks.registry import all_kinds
from config.loader import load
from config.models import HelpdeskOptions
from config.option_table import options_of
from tests.fakes.connector import install
from tests.fakes.helpdesk import Helpdesk
from tests.moving_clock import MovingClock

Run = Callable[..., Any]
SHIPPED = all_connectors()
each_type = pytest.mark.parametrize("kind", SHIPPED.values(), ids=SHIPPED.keys())


@pytest.mark.parametrize("words", [("connectors",), ("connectors", "list")], ids=" ".join)
def test_every_type_is_listed_with_what_it_is(words: tuple[str, ...], tocsin: Run) -> None:
    ended = tocsin(*words)
    assert ended.code == 0
    listed = dict(line.split(maxsplit=1) for line in ended.out.splitlines() if line.startswith("  "))
    assert list(listed) == sorted(SHIPPED)
    for name, said in listed.items():
        assert SHIPPED[name].summary.startswith(said.removesuffix(" …"))


@pytest.mark.parametrize(
    "words", [("connectors",), *(("connectors", "show", name) for name in SHIPPED)], ids=" ".join
)
def test_what_is_piped_is_a_page_wide(words: tuple[str, ...], tocsin: Run) -> None:
    lines = tocsin(*words).out.splitlines()
    assert [line for line in lines if len(line) > 80 or "\x1b" in line or line != line.rstrip()] == []


@each_type
def test_all_options_of_a_type_are_shown(kind: ConnectorType, tocsin: Run) -> None:
    ended = tocsin("connectors", "show", kind.name)
    assert (ended.code, ended.err) == (0, "")
    first_words = {line.split()[0] for line in ended.out.splitlines() if line.strip()}
    assert {option.name for option in options_of(kind.options)} <= first_words
    assert set(HelpdeskOptions.model_fields) <= first_words
    document = tocsin("connectors", "show", kind.name, "--json").document
    assert [each["name"] for each in document["options"]] == [each.name for each in options_of(kind.options)]
    names = [each["name"] for each in (*document["options"], *document["common_options"])]
    assert set(HelpdeskOptions.model_fields) <= set(names)
    assert len(names) == len(set(names))


def test_an_option_is_shown_as_it_is_written_in_the_file(tocsin: Run) -> None:
    options = {
        each["name"]: each for each in tocsin("connectors", "show", "email", "--json").document["options"]
    }
    assert options["from"]["required"] is True
    assert "sender" not in options
    assert options["timeout"]["default"] == "30s"


def test_json_of_the_list_has_every_type(tocsin: Run) -> None:
    listed = tocsin("connectors", "--json").document
    assert [each["name"] for each in listed] == sorted(SHIPPED)
    assert {each["name"]: each["tells_people"] for each in listed}["email"] is True
    assert tocsin("connectors", "list", "--json").document == listed
    assert tocsin("connectors", "--json", "list").document == listed


@pytest.mark.parametrize("name", ["emial", "nothing", "", "a\nb\x1b[31m", "x" * 100_000])
def test_a_type_that_does_not_exist_is_wrong_usage(name: str, tocsin: Run) -> None:
    ended = tocsin("connectors", "show", name)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith("tocsin: no type of helpdesk is called")
    assert len(ended.err.splitlines()) == 1
    assert len(ended.err) < 400
    assert "\x1b" not in ended.err


@pytest.fixture
def configured(tmp_path: Path, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration with one fake helpdesk, whose type is installed."""
    install(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    connectors.cache_clear()
    file = tmp_path / "tocsin.yaml"
    file.write_text(
        f"agent: {{id: test, listen: '127.0.0.1:0', state_dir: {tmp_path / 'state'}}}\n"
        "services: {web: {checks: {cpu: {type: cpu, every: 1h}}}}\n"
        f"helpdesks: {{desk: {{type: fakedesk, url: '{desk.url}', token: {desk.token}}}}}\n"
    )
    yield file
    connectors.cache_clear()


@asynccontextmanager
async def daemon(file: Path) -> AsyncIterator[App]:
    """One that runs in this process, under the configuration as the command reads it."""
    app = build(load(file, all_kinds(), all_connectors()), MovingClock())
    with capture_logs():  # stdout is the command's
        await app.start()
        try:
            await asyncio.wait_for(app.check_ups.settled(), 60)
            yield app
        finally:
            await app.stop()


def test_without_a_daemon_the_command_looks_by_itself(configured: Path, desk: Helpdesk, tocsin: Run) -> None:
    ended = tocsin("connectors", "check", "desk", "--config", str(configured))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:2] == ["desk (fakedesk)", "  ok      login"]
    assert desk.count("me") == 1
    assert not (configured.parent / "state").exists()


def test_what_is_wrong_is_said_with_its_reason_and_an_exit_code(
    configured: Path, desk: Helpdesk, tocsin: Run
) -> None:
    desk.fault("me", "denied")
    ended = tocsin("connectors", "check", "--config", str(configured), "--json")
    (told,) = ended.document
    assert (ended.code, told["helpdesk"], told["ok"]) == (1, "desk", False)
    assert [(each["what"], each["ok"], each["text"]) for each in told["findings"]] == [
        ("login", False, "HTTP 401")
    ]


def test_a_helpdesk_that_cannot_be_reached_is_not_well_either(
    configured: Path, desk: Helpdesk, tocsin: Run
) -> None:
    desk.close()
    ended = tocsin("connectors", "check", "desk", "--config", str(configured))
    assert ended.code == 1
    assert "cannot be reached" in ended.out


@pytest.mark.parametrize("verb", ["check", "reconcile"])
def test_a_helpdesk_that_is_not_configured_is_wrong_usage(verb: str, configured: Path, tocsin: Run) -> None:
    ended = tocsin("connectors", verb, "dsek", "--config", str(configured))
    assert (ended.code, ended.out) == (64, "")
    assert "did you mean desk?" in ended.err


def test_only_a_daemon_compares(configured: Path, tocsin: Run) -> None:
    ended = tocsin("connectors", "reconcile", "desk", "--config", str(configured))
    assert (ended.code, ended.out) == (1, "")
    assert "no daemon runs" in ended.err


@pytest.mark.anyio
async def test_a_running_daemon_looks_and_compares(configured: Path, desk: Helpdesk, tocsin: Run) -> None:
    config = ("--config", str(configured))
    desk.tickets[9] = {"id": 9, "key": "toc-" + "f" * 32, "state": "open", "comments": [], "created": 0.0}
    async with daemon(configured):
        looked = await asyncio.to_thread(tocsin, "connectors", "check", *config, "--json")
        assert (looked.code, [each["ok"] for each in looked.document]) == (0, [True])
        assert desk.count("me") == 2
        ended = await asyncio.to_thread(tocsin, "connectors", "reconcile", "desk", *config)
        assert (ended.code, ended.err) == (1, "")
        lines = ended.out.splitlines()
        assert lines[0] == "desk: 0 open here, 1 listed there"
        assert lines[1] == "  stranger  9 toc-ffffffff"
        assert [line for line in lines if len(line) > 80] == []
        document = (
            await asyncio.to_thread(tocsin, "connectors", "reconcile", "desk", *config, "--json")
        ).document
        assert [each["sort"] for each in document["differences"]] == ["stranger"]
        desk.tickets.clear()
        ended = await asyncio.to_thread(tocsin, "connectors", "reconcile", "desk", "--fix", *config)
        assert (ended.code, ended.out.splitlines()[-1]) == (0, "nothing differs")
        desk.fault("list", "denied")
        ended = await asyncio.to_thread(tocsin, "connectors", "reconcile", "desk", *config)
        assert ended.code == 1
        assert "HTTP 401" in ended.out
        assert "nothing differs" not in ended.out


@pytest.mark.anyio
async def test_a_helpdesk_that_only_the_file_knows_wants_a_reload(configured: Path, tocsin: Run) -> None:
    async with daemon(configured):
        text = configured.read_text()
        more = text.replace(
            "helpdesks: {", "helpdesks: {new: {type: fakedesk, url: 'http://127.0.0.1:9', token: x}, "
        )
        configured.write_text(more)
        ended = await asyncio.to_thread(tocsin, "connectors", "check", "new", "--config", str(configured))
        assert ended.code == 1
        assert "tocsin reload" in ended.err
