"""`tocsin outbox` where a ticket goes to several helpdesks: what is said of one is not done to the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from alerting.connectors.base import ConnectorType
from alerting.connectors.registry import all_connectors
from tests.moving_clock import Driven

Run = Callable[..., Any]
# Nobody listens there.
NOWHERE = {
    "type": "email",
    "from": "a@example.org",
    "server": "127.0.0.1:1",
    "to": ["b@example.org"],
}


class Sending(Driven):
    """One that knows the types that are shipped."""

    connectors: Mapping[str, ConnectorType] = all_connectors()


@pytest.fixture
def config(tmp_path: Path) -> tuple[str, str]:
    """The option that names the configuration of a daemon that ran, and had a ticket for two channels."""
    look = {"type": "tcp", "host": "127.0.0.1", "port": 1, "every": "10s"}
    services: dict[str, object] = {"shop": {"checks": {"home": look}, "uptime": {"burn": False}}}
    routes = [{"match": {"service": "shop"}, "send_to": ["one", "two"]}]
    driven = Sending(
        tmp_path, services, channels={"one": NOWHERE, "two": NOWHERE}, routes=routes, desk={"notices": "one"}
    )

    async def runs() -> None:
        async with driven:
            await driven.advance(30)

    with capture_logs():  # stdout is the command's
        asyncio.run(runs())
    return "--config", str(driven.file)


def states(tocsin: Run, config: tuple[str, str]) -> dict[str, str]:
    return {each["helpdesk"]: each["state"] for each in tocsin("outbox", "list", *config, "--json").document}


def test_what_is_dropped_in_one_helpdesk_goes_on_in_the_others(tocsin: Run, config: tuple[str, str]) -> None:
    assert states(tocsin, config) == {"one": "waiting", "two": "waiting"}
    ended = tocsin("outbox", "drop", "toc-", "--reason", "gone", *config)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.endswith("is in one, two: say which with --helpdesk\n")
    assert states(tocsin, config) == {"one": "waiting", "two": "waiting"}
    ended = tocsin("outbox", "drop", "toc-", "--reason", "gone", "--helpdesk", "one", *config)
    assert (ended.code, ended.out) == (0, "1 entry is dropped\n")
    assert states(tocsin, config) == {"one": "dropped", "two": "waiting"}
    assert tocsin("outbox", "drop", "toc-", "--reason", "gone", *config).code == 0
    assert states(tocsin, config) == {"one": "dropped", "two": "dropped"}


def test_one_helpdesk_alone_is_tried_again(tocsin: Run, config: tuple[str, str]) -> None:
    ended = tocsin("outbox", "retry", "--all", "--helpdesk", "two", *config, "--json")
    assert (ended.code, ended.document) == (0, {"entries": 1})
    ended = tocsin("outbox", "retry", "--all", "--helpdesk", "tow", *config)
    assert (ended.code, ended.err) == (
        64,
        'tocsin: no helpdesk or channel is called "tow" (did you mean two?)\n',
    )
    assert tocsin("outbox", "retry", "--all", *config, "--json").document == {"entries": 2}


@pytest.mark.parametrize("words", [("show",), ("retry",), ("drop", "--reason", "x")])
def test_an_empty_key_is_none_and_never_all(
    tocsin: Run, config: tuple[str, str], words: tuple[str, ...]
) -> None:
    ended = tocsin("outbox", *words, "", *config)
    assert (ended.code, ended.out, ended.err) == (64, "", "tocsin: KEY is empty: say which\n")
    assert states(tocsin, config) == {"one": "waiting", "two": "waiting"}


def test_a_long_reason_is_cut_between_words(tocsin: Run, config: tuple[str, str]) -> None:
    (first, _) = tocsin("outbox", "list", *config).out.splitlines()[1:]
    assert first.rstrip().endswith(" …")
