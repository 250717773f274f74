"""`tocsin demo`: what the store tells of the outage is what the site itself wrote down."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.demo.ending import judged
from agent.demo.site import Site
from agent.demo.stage import (
    EXAMPLE_LISTEN,
    EXAMPLE_STATE,
    EXAMPLE_URL,
    STATE,
    Unusable,
    example,
    stage,
    write_config,
)
from alerting.desk.ticket import Ticket, TicketState

TOCSIN = str(Path(sysconfig.get_path("scripts")) / "tocsin")
INTERVAL = timedelta(seconds=1)
TOLERANCE = timedelta(seconds=0.5)
# Looks come as evenly as this where nothing holds them up.
STEADY = timedelta(seconds=0.1)
_DEADLINE = 120.0


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The demo, played to its end once, and the directory it kept."""
    directory = tmp_path_factory.mktemp("played") / "kept"
    command = [TOCSIN, "demo", "--seconds", "45", "--keep", str(directory)]
    return directory, subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE, check=False)


def _json(directory: Path, *command: str) -> Any:
    done = subprocess.run(
        [TOCSIN, *command, "--json", "-c", str(directory / "tocsin.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Truth:
    """What the site's own log says: when it broke and healed, and by how much a request was overdue at the most.

    Requests come late, or are answered late, where the machine stands still; then the daemon saw nothing either.
    """

    broke: datetime
    healed: datetime
    overdue: timedelta

    @property
    def tolerance(self) -> timedelta:
        return TOLERANCE + self.overdue

    def follows(self, seen: str, happened: datetime) -> bool:
        """Seen by the next look at the latest; the look may have begun just before it happened."""
        return -self.tolerance <= _moment(seen) - happened <= INTERVAL + self.tolerance


def _truth(directory: Path) -> Truth:
    lines = [json.loads(line) for line in (directory / "site.log").read_text().splitlines()]
    moments = {line["event"]: _moment(line["at"]) for line in lines if line["event"] != "request"}
    asked = [_moment(line["at"]) for line in lines if line["event"] == "request"]
    overdue = max(after - before for before, after in pairwise(asked)) - INTERVAL
    return Truth(moments["broke"], moments["healed"], overdue if overdue > STEADY else timedelta())


def _seconds(directory: Path, *period: str) -> dict[str, float]:
    """Of the shop, by what it was."""
    (figures,) = _json(directory, "uptime", "--service", "shop", *period)
    return {name: float(seconds) for name, seconds in figures["seconds"].items()}


def test_demo_that_shows_one_ticket_opened_and_resolved_exits_0(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = played
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "It held: the store holds one ticket" in done.stdout


def test_uptime_tells_the_outage_of_the_sites_own_log(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    directory, _ = played
    truth = _truth(directory)
    (figures,) = [each for each in _json(directory, "uptime") if each["service"] == "shop"]
    first, last = figures["outages"][0], figures["outages"][-1]
    assert truth.follows(first["from"], truth.broke)
    assert truth.follows(last["to"], truth.healed)
    between = _seconds(directory, "--from", first["from"], "--to", last["to"])
    # Only what nobody could see parts one outage in the ledger.
    assert {name for name, seconds in between.items() if seconds} <= {"down", "unknown"}
    assert between["down"] == float(figures["seconds"]["down"])
    lasted = timedelta(seconds=between["down"] + between["unknown"])
    assert abs(lasted - (truth.healed - truth.broke)) <= INTERVAL + truth.tolerance
    if not truth.overdue:
        assert (len(figures["outages"]), between["unknown"]) == (1, 0.0)


def test_ticket_tells_the_outage_of_the_sites_own_log(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    directory, _ = played
    truth = _truth(directory)
    (ticket,) = [each for each in _json(directory, "tickets", "list") if each["service"] == "shop"]
    assert ticket["state"] in ("resolved", "closed")  # closed once it was watched to its end
    assert (ticket["severity"], ticket["check"]) == ("high", "home")
    assert truth.follows(ticket["opened_at"], truth.broke)
    assert truth.follows(ticket["resolved_at"], truth.healed)


def test_evidence_is_shown_and_carries_no_secret_of_the_site(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    directory, done = played
    (listed,) = [each for each in _json(directory, "tickets", "list") if each["service"] == "shop"]
    description = _json(directory, "tickets", "show", listed["id"])["description"]
    for text in (done.stdout, description):
        assert "status not in 200..299 (status = 503)" in text
        assert "Out of order" in text
        assert "***" in text
        assert "keeper@shop.example" not in text
        assert "c2hvcC1kZW1v" not in text


def test_metrics_shown_are_lines_of_the_daemons_page(
    played: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = played
    assert re.search(r'tocsin_check_up\{.*service="shop".*\} 1\.0', done.stdout)
    assert re.search(r'tocsin_check_runs_total\{status="down"\} [1-9]', done.stdout)


def test_output_fits_80_columns(played: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    directory, done = played
    # Lines that name the directory or are to be copied are as long as its name.
    assert [line for line in done.stdout.split("\n") if len(line) > 80 and str(directory) not in line] == []


def test_demo_that_ends_before_its_story_does_not_exit_0() -> None:
    done = subprocess.run(
        [TOCSIN, "demo", "--seconds", "3"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert re.search(r"It did not hold: (no ticket was opened|nothing was stored)\.", done.stdout)


@contextlib.contextmanager
def _running(*options: str) -> Iterator[subprocess.Popen[str]]:
    demo = subprocess.Popen([TOCSIN, "demo", *options], stdout=subprocess.PIPE, text=True)
    try:
        yield demo
    finally:
        if demo.poll() is None:
            demo.terminate()
        demo.communicate(timeout=60)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_demo_leaves_neither_daemon_nor_directory(ending: signal.Signals) -> None:
    with _running() as demo:
        assert demo.stdout is not None
        told = ""
        while (started := re.search(r"the daemon starts \(process (\d+)\)", told)) is None:
            line = demo.stdout.readline()
            assert line, f"the demo ended by itself: {told}"
            told += line
        directory = re.search(r"Files are in (\S+)", told)
        assert directory is not None
        assert Path(directory[1]).is_dir()
        demo.send_signal(ending)
        rest, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "It did not hold" in rest
    assert not Path(directory[1]).exists()
    assert _gone(int(started[1]))


def _gone(pid: int) -> bool:
    """The process has ended; its parent waited for it, but the kernel may take a moment."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_directory_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = subprocess.run(
        [TOCSIN, "demo", "--seconds", "3", "--keep", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 64
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match="cannot keep the demo in"), stage(tmp_path / "file"):
        pass


@pytest.mark.parametrize("address", [EXAMPLE_URL, EXAMPLE_LISTEN, EXAMPLE_STATE])
def test_example_names_each_replaced_address_once(address: str) -> None:
    assert example().count(address) == 1


@pytest.mark.parametrize("name", ["plain", "two words", "it's # 100%: [a]", 'quoted "and" back\\slash'])
def test_configuration_loads_from_a_directory_of_any_name(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    directory.mkdir()
    config = write_config(directory, "http://127.0.0.1:1/", "127.0.0.1:2")
    assert config.agent.state_dir == str(directory / STATE)
    assert config.agent.listen == "127.0.0.1:2"


def test_sites_log_has_every_answer_in_order(tmp_path: Path) -> None:
    with Site(tmp_path / "log") as site:
        statuses = [site.answer()[0]]
        site.break_down()
        statuses += [site.answer()[0], site.answer()[0]]
        site.heal()
        statuses.append(site.answer()[0])
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert statuses == [200, 503, 503, 200]
    assert [line.get("status", line["event"]) for line in lines] == [
        *("started", 200, "broke", 503, 503, "healed", 200, "stopped")
    ]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)


_OPEN = Ticket(
    1, "shop", "home", TicketState.NEW, "high", "high", "t", "d", opened_at=1_000_000, due={}
)  # fmt: skip
_RESOLVED = replace(_OPEN, state=TicketState.RESOLVED, resolved_at=11_000_000)


@pytest.mark.parametrize(
    ("tickets", "held", "why"),
    [
        ([], False, "no ticket was opened"),
        ([_OPEN], False, "ticket T-1 is new, not resolved"),
        ([replace(_OPEN, state=TicketState.ACKNOWLEDGED)], False, "ticket T-1 is acknowledged, not resolved"),
        ([_RESOLVED, replace(_RESOLVED, number=2)], False, "2 tickets were opened for one outage"),
        ([_RESOLVED], True, "the store holds one ticket, T-1, opened and resolved 10s later"),
    ],
)
def test_only_one_ticket_opened_and_resolved_holds(tickets: list[Ticket], held: bool, why: str) -> None:
    verdict = judged(tickets)
    assert (verdict.held, verdict.sentence) == (held, why)
