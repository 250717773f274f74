"""A canary in every secret of every connector, servers that give back all they hear: nothing shows any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.connectors.registry import all_connectors
from tests.canary import Cage, secrets_of
from tests.end_to_end.daemon import Daemon, wait_for
from tests.fakes.parrot import Parrot
from tests.site import Site

TYPES = {name: kind for name, kind in all_connectors().items() if secrets_of(kind.options)}
COMMANDS = (
    ("tickets", "list"),
    ("tickets", "show", "T-1"),
    ("outbox", "list"),
    ("status",),
    ("connectors", "list"),
)


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    with Parrot() as parrot:
        yield parrot


@pytest.fixture
def cage(parrot: Parrot, monkeypatch: pytest.MonkeyPatch) -> Cage:
    cage = Cage()
    for kind in TYPES.values():
        cage.add(kind, parrot.url)
    for name, value in cage.environment.items():
        monkeypatch.setenv(name, value)
    return cage


def test_every_connector_that_comes_with_tocsin_has_a_canary(cage: Cage) -> None:
    assert {where.partition(".")[0] for where in cage.birds} == set(TYPES)
    assert len(cage.birds) >= len(TYPES) >= 10


def test_no_canary_is_seen_anywhere(tmp_path: Path, cage: Cage, parrot: Parrot) -> None:
    with Site() as site:
        home = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "confirm": 1, "recover": 1}
        sections = {name: blocks for name, blocks in cage.sections.items() if blocks}
        services = {"web": {"checks": {"home": home}, "uptime": {"burn": False}}}
        routes = [{"send_to": sorted(sections["helpdesks"])}]
        with Daemon(tmp_path, services=services, routes=routes, **sections) as daemon:
            told = daemon.tocsin("validate")
            assert told.code == 0, told.err + told.out
            daemon.start()
            site.status = 500
            wait_for(lambda: tried(daemon) == set(sections["helpdesks"]), "a call to each of them", 120)
            site.status = 200
            wait_for(lambda: daemon.events("incident.recovered"), "the end of the problem", 60)
            shown = [told.out, told.err, *looked_at(daemon)]
            daemon.stop()
    assert parrot.requests
    shown += [daemon.log_file.read_text(errors="replace")]
    shown += [path.read_bytes().decode("latin-1") for path in daemon.state_dir.rglob("*") if path.is_file()]
    flown = [found for text in shown for found in cage.escaped(text)]
    assert not flown, flown[:10]


def tried(daemon: Daemon) -> set[str]:
    """Helpdesks that were called, and whose answer was judged."""
    return {
        name for (name,) in daemon.rows("SELECT helpdesk FROM outbox WHERE attempts > 0 OR done_version > 0")
    }


def looked_at(daemon: Daemon) -> Iterator[str]:
    """What people and machines can ask for, each as text and as JSON."""
    for command in COMMANDS:
        for more in ((), ("--json",)):
            done = daemon.tocsin(*command, *more)
            yield done.out + done.err
    for name in TYPES:
        done = daemon.tocsin("connectors", "check", name, "--json")
        yield done.out + done.err
    yield daemon.get("/metrics")[1]
