"""Looks are apart: what hangs, falls or babbles is told as such, and keeps nothing from the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.doctor.apart import look_at
from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground, Look
from agent.doctor.unit import Unit
from agent.doctor.who import NoSuchUser, ourselves, user
from alerting.connectors.registry import all_connectors
from checks.registry import KINDS
from config.loader import load

# Who tests in several threads may fork all the same: the children only look.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def well(_ground: Ground) -> Iterator[Finding]:
    yield finding("a", "b", "ok", "well")


def hanging(_ground: Ground) -> Iterator[Finding]:
    yield finding("h", "before", "ok", "well")
    time.sleep(3600)


def falling(_ground: Ground) -> Iterator[Finding]:
    yield finding("f", "before", "warn", "so so", "mend it")
    raise RuntimeError("password=hunter22 was\nwrong")


def ending(_ground: Ground) -> Iterator[Finding]:
    yield from iter(lambda: os._exit(3), None)


def babbling(_ground: Ground) -> Iterator[Finding]:
    while True:
        yield finding("b", "b", "ok", "x" * 10_000)


def printing(_ground: Ground) -> Iterator[Finding]:
    os.write(1, b"not for stdout")
    yield finding("p", "p", "ok", "\x1b[31mred\nline")


def ids(_ground: Ground) -> Iterator[Finding]:
    groups = sorted({*os.getgroups(), *os.getresgid()})
    yield finding("who", "ids", "ok", f"{os.getresuid()} {groups}")
    try:
        os.setuid(0)
    except PermissionError:
        yield finding("who", "back", "ok", "no way back")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    file = tmp_path / "tocsin.yaml"
    file.write_text("services: {a: {checks: {b: {type: cpu}}}}")
    return Ground(file, load(file, KINDS), KINDS, all_connectors(), ourselves(), Unit({}, "no systemd"))


def test_each_is_told_whatever_becomes_of_the_others(
    ground: Ground, capfd: pytest.CaptureFixture[str]
) -> None:
    looks = [Look(each.__name__, each, seconds=2.0) for each in (hanging, falling, ending, printing, well)]
    found = look_at(looks, ground)
    assert [(each.topic, each.what, each.state, each.text) for each in found] == [
        ("h", "before", "ok", "well"),
        ("hanging", "look", "fail", "no answer within 2s"),
        ("f", "before", "warn", "so so"),
        ("falling", "look", "fail", "could not be looked at: RuntimeError: password=*** was\\nwrong"),
        ("ending", "look", "fail", "the look itself has ended without a word"),
        ("p", "p", "ok", "\\x1b[31mred\\nline"),
        ("a", "b", "ok", "well"),
    ]
    assert capfd.readouterr() == ("", "")


def test_who_says_too_much_is_cut_off(ground: Ground) -> None:
    found = look_at([Look("b", babbling, seconds=1.0), Look("a", well)], ground)
    assert len(found) == 102
    assert all(len(each.text) <= 400 for each in found)
    assert found[-1].topic == "a"


def test_no_process_is_left(ground: Ground) -> None:
    look_at([Look("h", hanging, seconds=0.5)], ground)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_user_that_lacks_is_said() -> None:
    with pytest.raises(NoSuchUser, match="this host has no user nobody-at-all"):
        user("nobody-at-all")


def test_the_child_is_that_user_for_good(ground: Ground) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    who = user("nobody", ["adm", "no-such-group"])
    as_nobody = Ground(ground.path, ground.config, KINDS, ground.connectors, who, ground.unit)
    found = look_at([Look("who", ids), Look("who", ids, as_service=False)], as_nobody)
    assert [each.text for each in found] == [
        f"{(who.uid,) * 3} {sorted(who.groups)}",
        "no way back",
        f"(0, 0, 0) {sorted({*os.getgroups(), 0})}",
    ]
