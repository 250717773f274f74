"""What every kind promises, whoever wrote it: declared values, JSON, and an end within the deadline."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from checks.base import Context, Kind, Observation
from checks.network import Network
from checks.registry import KINDS
from tests.checks.listeners import NOW, black_hole, listening, stays_silent

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())

# For kinds that go out: options that aim at a port of 127.0.0.1. A kind that stays on this host is not here.
AT_PORT: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "api": lambda port: {
        "url": f"http://127.0.0.1:{port}/",
        "status_page": f"http://127.0.0.1:{port}/status",
    },
    "dns": lambda port: {"name": "example.org", "server": "127.0.0.1", "port": port, "transport": "tcp"},
    "http": lambda port: {"url": f"http://127.0.0.1:{port}/"},
    "metrics": lambda port: {"url": f"http://127.0.0.1:{port}/metrics", "series": {"x": "x"}},
    "prometheus": lambda port: {"url": f"http://127.0.0.1:{port}/", "query": "up"},
    "status_page": lambda port: {"url": f"http://127.0.0.1:{port}/"},
    "tcp": lambda port: {"host": "127.0.0.1", "port": port, "expect": "^220"},
    **dict.fromkeys(("ftp", "imap", "pop3", "smtp", "ssh"), lambda port: {"host": "127.0.0.1", "port": port}),
    "tls": lambda port: {"host": "127.0.0.1", "port": port},
    "udp": lambda port: {"host": "127.0.0.1", "port": port, "expect": "pong"},
}
# What they ask speaks of somebody else, of whom its silence says nothing: unknown, not down.
OF_OTHERS = frozenset({"status_page"})
# A host without sensors has nothing to show: tests/checks/test_temperature.py looks at trees of its own. So do
# tests/checks/updates, and tests/checks/systemd_unit boots a systemd. Not every kernel lets one
# ping: tests/checks/ping makes a network of its own for it.
PERHAPS_NOT_HERE = frozenset({"ping", "temperature", "systemd_unit", "updates"})
ON_THIS_HOST: Mapping[str, dict[str, Any]] = {
    "access_log": {"path": str(Path(__file__).with_name("access_log") / "one.log")},
    "command": {"command": ["true"]},
    "cpu": {},
    "disk": {"path": "/"},
    "disk_io": {},
    "file": {"path": "/etc/passwd", "hash": True},
    "load": {},
    "log": {"path": "/etc/passwd"},
    "logins": {"path": "/etc/passwd"},
    "memory": {},
    "network": {},
    "process": {"user": str(os.geteuid())},
    "swap": {},
    "time_sync": {},
}


async def _look(kind: Kind, options: dict[str, Any], *, timeout: float, memo: Any = None) -> Observation:
    """One run as the runner does it, given up after ten times its deadline."""
    network = Network()
    spec, context = (
        kind.spec.model_validate(options),
        Context(timeout=timeout, network=network, now=NOW, memo=memo),
    )
    probe: Any = kind.probe
    try:
        async with asyncio.timeout(10 * timeout):
            seen = await (asyncio.to_thread(probe, spec, context) if kind.blocking else probe(spec, context))
            assert isinstance(seen, Observation)
            return seen
    finally:
        await network.aclose()


def _parts(seen: Observation) -> tuple[Observation, ...]:
    return tuple(seen.parts.values()) or (seen,)


def _assert_sound(kind: Kind, seen: Observation) -> None:
    for part in seen.parts.values():
        _assert_sound(kind, part)
    assert set(seen.values) <= kind.value_names
    declared = {value.name: value for value in kind.values}
    for name, value in seen.values.items():
        assert value is None or isinstance(value, str) == declared[name].text
    assert json.loads(json.dumps(dict(seen.values), allow_nan=False)) == dict(seen.values)
    assert json.loads(json.dumps(seen.memo, allow_nan=False)) == seen.memo
    json.dumps(dict(seen.phases), allow_nan=False)
    assert seen.failure is None or seen.blind is None
    for line in filter(None, (seen.failure, seen.blind)):
        assert seen.error_kind is not None
        assert line == line.strip()
        assert line.isprintable()


def test_each_kind_is_looked_at_here() -> None:
    told = {name for name, kind in KINDS.items() if kind.judge is not None}
    assert set(AT_PORT) | set(ON_THIS_HOST) | PERHAPS_NOT_HERE | told == set(KINDS)


@pytest.mark.parametrize("name", ON_THIS_HOST)
def test_look_at_this_host_gives_all_its_values_but_the_time_it_took(name: str) -> None:
    async def run() -> None:
        first = await _look(KINDS[name], ON_THIS_HOST[name], timeout=5)
        second = await _look(
            KINDS[name], ON_THIS_HOST[name], timeout=5, memo=json.loads(json.dumps(first.memo))
        )
        for seen in (first, second):
            assert (seen.failure, seen.blind) == (None, None)
            for part in _parts(seen):
                assert set(part.values) == KINDS[name].value_names - {"took"}
            _assert_sound(KINDS[name], seen)

    asyncio.run(run())


@pytest.mark.parametrize(
    "memo", [None, 0, "x", [], {}, [[]], {"a": None}, [None, 1e400], [[1, 2], "x"]], ids=repr
)
@pytest.mark.parametrize("name", ON_THIS_HOST)
def test_no_memo_breaks_a_look(name: str, memo: Any) -> None:
    seen = asyncio.run(_look(KINDS[name], ON_THIS_HOST[name], timeout=5, memo=memo))
    assert (seen.failure, seen.blind) == (None, None)
    _assert_sound(KINDS[name], seen)


@pytest.mark.parametrize("where", [black_hole, lambda: listening(stays_silent)], ids=["no answer", "no word"])
@pytest.mark.parametrize("name", AT_PORT)
def test_target_that_never_answers_is_down_by_the_deadline(name: str, where: Callable[[], Any]) -> None:
    async def run() -> Observation:
        async with where() as port:
            return await _look(KINDS[name], AT_PORT[name](port), timeout=0.5)

    seen = asyncio.run(run())
    assert (seen.blind if name in OF_OTHERS else seen.failure) is not None
    _assert_sound(KINDS[name], seen)


@pytest.mark.parametrize("name", AT_PORT)
def test_target_that_is_not_there_is_down(name: str, free_port: Callable[[], int]) -> None:
    seen = asyncio.run(_look(KINDS[name], AT_PORT[name](free_port()), timeout=5))
    assert (seen.blind if name in OF_OTHERS else seen.failure) is not None
    _assert_sound(KINDS[name], seen)


@each_kind
def test_kind_says_what_it_is(kind: Kind) -> None:
    assert KINDS[kind.name] is kind
    assert kind.summary
    assert inspect.iscoroutinefunction(kind.probe) is not kind.blocking
