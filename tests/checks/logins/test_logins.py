"""Logins on real files: what counts as an attempt, and who is new."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.base import Observation
from checks.logins.kind import LoginsSpec, sample

NOW = 1_800_000_000.0
KEY = "ED25519 SHA256:KGsYlzAlcABpQSeJ3Ziann2Dd+kd8qsDlSK7VedmYk8"


def _line(age: float, said: str, writer: str = "sshd[100]") -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(NOW - age))
    return f"{at}.000000+00:00 web1 {writer}: {said}\n"


def _sshd(*said: str, pid: int = 100, age: float = 10) -> str:
    return "".join(_line(age, each, f"sshd[{pid}]") for each in said)


class Host:
    """An authentication log that is looked at now and then."""

    def __init__(self, log: Path, **options: Any) -> None:
        self.log, self.memo = log, None
        self.spec = LoginsSpec.model_validate({"path": str(log), **options})
        log.write_text("")

    def look(self, *text: str, now: float = NOW) -> Observation:
        """What is seen once that is written."""
        with self.log.open("a") as file:
            file.write("".join(text))
        seen = sample(self.spec, self.memo, now, 20)
        self.memo = json.loads(json.dumps(seen.memo, allow_nan=False))
        assert self.memo == seen.memo
        return seen


@pytest.fixture
def host(tmp_path: Path) -> Host:
    started = Host(tmp_path / "auth.log")
    started.look()
    return started


FROM = "from 203.0.113.9 port 40022"
ENDS = "203.0.113.9 port 40022 [preauth]"
# Each as a real sshd of Debian told it.
CONNECTIONS: dict[str, tuple[int, Iterable[str]]] = {
    "three passwords for a user that does not exist": (
        3,
        (f"Invalid user bob {FROM}", *[f"Failed password for invalid user bob {FROM} ssh2"] * 3,
         f"Connection closed by invalid user bob {ENDS}"),
    ),
    "three passwords through PAM": (
        3,
        (*["error: PAM: Authentication failure for root from 203.0.113.9"] * 3,
         f"Connection closed by authenticating user root {ENDS}"),
    ),
    "PAM and sshd tell the same": (
        2,
        (f"Invalid user bob {FROM}",
         *["error: PAM: User not known to the underlying authentication module for illegal user bob from 203.0.113.9",
           f"Failed keyboard-interactive/pam for invalid user bob {FROM} ssh2"] * 2),
    ),
    "keys alone": (1, (f"Connection closed by authenticating user root {ENDS}",)),
    "keys of nobody": (1, (f"Invalid user bob {FROM}", f"Connection closed by invalid user bob {ENDS}")),
    "not allowed": (
        1,
        (f"User root {FROM.partition(' port')[0]} not allowed because not listed in AllowUsers",
         f"Failed password for invalid user root {FROM} ssh2"),
    ),
    "too many": (
        2,
        (*[f"Failed password for root {FROM} ssh2"] * 2,
         f"error: maximum authentication attempts exceeded for root {FROM} ssh2 [preauth]",
         "Disconnecting authenticating user root 203.0.113.9 port 40022: Too many authentication failures [preauth]"),
    ),
    "repeated": (
        6,
        (f"Failed password for root {FROM} ssh2",
         f"message repeated 5 times: [ Failed password for root {FROM} ssh2]",
         f"Connection closed by authenticating user root {ENDS}"),
    ),
    "nothing tried": (0, ("Connection closed by 203.0.113.9 port 40022 [preauth]",)),
    "wrong keys before the right one": (
        0, (*[f"Failed publickey for ann {FROM} ssh2: {KEY}"] * 3, f"Accepted publickey for ann {FROM} ssh2: {KEY}"),
    ),
    "wrong password before the right one": (
        1, (f"Failed password for ann {FROM} ssh2", f"Accepted password for ann {FROM} ssh2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONNECTIONS)
def test_attempt_counts_once_in_whatever_words_it_is_told(tmp_path: Path, name: str) -> None:
    wanted, said = CONNECTIONS[name]
    at_once, one_by_one = Host(tmp_path / "whole"), Host(tmp_path / "bits")
    for each in (at_once, one_by_one):
        each.look()
    seen = at_once.look(_sshd(*said))
    assert seen.values["failed"] == wanted
    for line in said:
        seen = one_by_one.look(_sshd(line))
    assert seen.values["failed"] == wanted


def test_connections_at_the_same_time_are_kept_apart(host: Host) -> None:
    text = [_sshd(*said, pid=number) for number, (_, said) in enumerate(CONNECTIONS.values())]
    assert host.look(*text).values["failed"] == sum(wanted for wanted, _ in CONNECTIONS.values())


def test_window_slides(host: Host) -> None:
    said = f"Failed password for root {FROM} ssh2"
    seen = host.look(_sshd(said, pid=1, age=-1), _sshd(said, pid=2, age=-400), now=NOW + 500)
    assert (seen.values["failed"], seen.values["rate"]) == (2, 2 / 600)
    assert host.look(now=NOW + 700).values["failed"] == 1
    assert host.look(now=NOW + 1200).values["failed"] == 0


def test_sources_and_users_are_named_with_their_failures(host: Host) -> None:
    text = [
        _sshd(f"Failed password for root from 203.0.113.{number % 4} port 1 ssh2", pid=number)
        for number in range(8)
    ] + [
        _sshd(f"Failed password for invalid user {user} from 203.0.113.0 port 1 ssh2", pid=100 + number)
        for number, user in enumerate(["admin"] * 3 + ["hunter2", "My Secret!", "My Secret!", "My Secret!"])
    ]
    seen = host.look(*text)
    assert seen.values["failed"] == 15
    assert seen.values["invalid"] == 7
    assert seen.values["sources"] == 4
    assert (seen.values["top_source"], seen.values["top_share"]) == ("203.0.113.0", 9 / 15)
    notes = "\n".join(seen.notes)
    assert "203.0.113.0 (9)" in notes
    assert "root (8), admin (3)" in notes
    assert "hunter2" not in notes
    assert "Secret" not in notes


def test_first_look_learns_and_later_ones_tell_who_is_new(tmp_path: Path) -> None:
    host = Host(tmp_path / "auth.log")
    known = _sshd("Accepted password for ann from 203.0.113.1 port 1 ssh2", age=86400)
    assert host.look(known).values["new_sources"] is None
    seen = host.look(
        _sshd("Accepted password for ann from 203.0.113.1 port 2 ssh2", pid=1, age=-1),
        _sshd("Accepted password for ann from 203.0.113.2 port 2 ssh2", pid=2, age=-1),
        _sshd("Accepted password for bob from 203.0.113.2 port 3 ssh2", pid=3, age=-1),
        now=NOW + 10,
    )
    assert (seen.values["successes"], seen.values["new_sources"]) == (3, 1)
    assert seen.notes == ("first login from: 203.0.113.2 as ann (1)",)
    assert host.look(now=NOW + 1000).values["new_sources"] == 0
    again = host.look(
        _sshd("Accepted password for ann from 203.0.113.2 port 4 ssh2", pid=4, age=-1001), now=NOW + 1010
    )
    assert again.values["new_sources"] == 0


def test_login_after_many_failures_looks_guessed(host: Host) -> None:
    wrong = [_sshd(f"Failed password for root {FROM} ssh2", pid=number) for number in range(5)]
    seen = host.look(*wrong, _sshd(f"Accepted password for root {FROM} ssh2", pid=9))
    assert seen.values["guessed"] == 1
    other = host.look(_sshd("Accepted password for root from 203.0.113.77 port 1 ssh2", pid=10))
    assert other.values["guessed"] == 1


def test_networks_can_be_left_out(tmp_path: Path) -> None:
    host = Host(tmp_path / "auth.log", ignore=["10.0.0.0/8", "2001:db8::/32"])
    host.look()
    said = [
        f"Failed password for root from {each} port 1 ssh2"
        for each in ("10.1.2.3", "2001:db8::7", "192.0.2.1")
    ]
    seen = host.look(*(_sshd(each, pid=number) for number, each in enumerate(said)))
    assert (seen.values["failed"], seen.values["top_source"]) == (1, "192.0.2.1")


def test_log_of_rhel_without_a_year_reads_the_same(host: Host) -> None:
    at = time.strftime("%b %e %H:%M:%S", time.localtime(NOW - 5))
    assert host.look(f"{at} web1 sshd[1]: Failed password for root {FROM} ssh2\n").values["failed"] == 1


def test_flood_of_sources_stays_bounded(host: Host) -> None:
    text = [
        _sshd(f"Failed password for root from 10.{number >> 8}.{number & 255}.1 port 1 ssh2", pid=number)
        for number in range(4000)
    ]
    seen = host.look(*text)
    assert seen.values["failed"] == 4000
    assert len(json.dumps(seen.memo)) < 200_000


attempts = st.lists(
    st.tuples(st.integers(0, 1300), st.integers(0, 3), st.sampled_from(["Failed", "Accepted"])), max_size=60
)


@settings(max_examples=40)
@given(attempts)
def test_counts_are_those_of_a_naive_recount(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[int, int, str]]
) -> None:
    host = Host(tmp_path_factory.mktemp("logins") / "auth.log")
    text = [
        _sshd(f"{word} password for root from 203.0.113.{source} port 1 ssh2", pid=number, age=age)
        for number, (age, source, word) in enumerate(written)
    ]
    seen = host.look(*text)
    step = 5  # a 120th of the window of 600 s
    inside = [(source, word) for age, source, word in written if NOW - age >= (NOW - 600) // step * step]
    failed = [source for source, word in inside if word == "Failed"]
    assert seen.values["failed"] == len(failed)
    assert seen.values["successes"] == len(inside) - len(failed)
    assert seen.values["sources"] == len(set(failed))


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_give_values(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    host = Host(tmp_path_factory.mktemp("logins") / "auth.log")
    host.look()
    host.log.write_bytes(b"".join(b"Nov 22 04:29:01 h sshd[1]: Failed " + line + b"\n" for line in lines))
    assert host.look().blind is None
