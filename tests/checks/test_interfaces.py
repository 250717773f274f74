"""Network interfaces in a network namespace of the test's own: a cable with known packets, and its ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context, ErrorKind, Observation
from checks.interfaces import Link, NetworkSpec, cards, figures, observe, probe
from checks.network import Network
from checks.rates import Look, Meter, Passed

SCRIPT = '''
import json, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
from checks.base import Context
from checks.interfaces import NetworkSpec, probe
from checks.network import Network

def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=20)

def look(interface="all", memo=None, exclude=()):
    context = Context(timeout=5, network=Network(), now=1.8e9, memo=json.loads(json.dumps(memo)))
    seen = probe(NetworkSpec(interface=interface, exclude=exclude), context)
    told.append({"failure": seen.failure, "blind": seen.blind, "notes": seen.notes,
                 "parts": {name: dict(part.values) for name, part in seen.parts.items()}})
    return seen.memo

def send(interface, packets, size):
    """Of an experimental protocol that nobody speaks."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0x88B5))
        for _ in range(packets):
            out.send(b"\\xff" * 12 + b"\\x88\\xb5" + b"x" * (size - 14))

def back(memo, seconds):
    return {**memo, "at": memo["at"] - seconds}

told = []
open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w").write("1")
ip("link", "add", "left0", "type", "veth", "peer", "name", "right0")
'''


@pytest.fixture
def in_namespace(program: Callable[[str, str], Path], root: Path) -> Callable[[str], list[dict[str, Any]]]:
    """Runs lines after the script above in a new network namespace; what the looks in them told."""
    unshare, _ = program("unshare", "util-linux"), program("ip", "iproute2")

    def run(lines: str) -> list[dict[str, Any]]:
        script = f"{SCRIPT}\n{lines}\nprint(json.dumps(told))"
        command = [str(unshare), "--net", sys.executable, "-c", script, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if "unshare failed" in done.stderr:
            pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        told: list[dict[str, Any]] = json.loads(done.stdout)
        return told

    return run


def test_known_packets_give_known_rates(in_namespace: Callable[[str], list[dict[str, Any]]]) -> None:
    _, seen = in_namespace(
        'ip("link", "set", "left0", "up"); ip("link", "set", "right0", "up")\n'
        'memo = look(); send("left0", 1000, 1000); look(memo=back(memo, 100))'
    )
    left, right = seen["parts"]["left0"], seen["parts"]["right0"]
    assert left["tx_rate"] == pytest.approx(1_000_000 / 100, rel=0.1)
    assert right["rx_rate"] == pytest.approx(left["tx_rate"])
    assert (left["rx_rate"], right["tx_rate"]) == (0, 0)
    # Nobody there speaks the protocol: each packet that came was thrown away.
    assert right["drops"] == pytest.approx(10, rel=0.1)
    assert right["drop_share"] == pytest.approx(0.5)
    assert (left["drops"], left["errors"], right["errors"], right["error_share"]) == (0, 0, 0, 0)
    assert (left["up"], left["speed"], left["interface"]) == (True, 10_000_000_000, "left0")
    assert left["util"] == pytest.approx(left["tx_rate"] * 8 / 10e9)


def test_link_whose_other_end_is_switched_off_is_down(
    in_namespace: Callable[[str], list[dict[str, Any]]],
) -> None:
    named, never, both, missed = in_namespace(
        'ip("link", "set", "left0", "up"); look("left0")\n'
        'memo = look()\nip("link", "set", "right0", "up"); memo = look(memo=memo)\n'
        'ip("link", "set", "right0", "down"); look(memo=memo)'
    )
    assert named["parts"]["left0"]["up"] is False
    assert [each["up"] for each in never["parts"].values()] == [False, False]
    assert {name: each["up"] for name, each in both["parts"].items()} == {"left0": True, "right0": True}
    assert {name: each["up"] for name, each in missed["parts"].items()} == {"left0": False, "right0": False}


def test_card_without_a_cable_is_not_missed_among_others(
    in_namespace: Callable[[str], list[dict[str, Any]]],
) -> None:
    (seen,) = in_namespace(
        'ip("link", "set", "left0", "up"); ip("link", "set", "right0", "up")\n'
        'ip("link", "add", "bare0", "type", "veth", "peer", "name", "bare1"); ip("link", "set", "bare0", "up")\n'
        "look()"
    )
    assert set(seen["parts"]) == {"left0", "right0"}


def test_interface_that_goes_is_down_and_one_that_never_was_is_unknown(
    in_namespace: Callable[[str], list[dict[str, Any]]],
) -> None:
    never, _, gone, still, noted = in_namespace(
        'look("eth7"); memo = look("left0"); every = look.__call__("all"); told.pop()\n'
        'ip("link", "del", "left0"); memo = look("left0", memo); look("left0", memo)\n'
        'ip("link", "add", "new0", "type", "veth", "peer", "name", "new1")\n'
        'every["counters"]["new0"] = dict.fromkeys(("received", "sent", "packets", "errors", "drops"), 0)\n'
        "look(memo=back(every, 10))"
    )
    assert never["blind"] == "there is no interface eth7 on this host (see `ip link`)"
    assert gone["failure"] == still["failure"] == "left0 has gone: it was there at an earlier look"
    assert noted["notes"] == ["left0 has gone since the last look", "right0 has gone since the last look"]


def test_interface_made_anew_under_its_old_name_is_not_compared_with_the_old_one(
    in_namespace: Callable[[str], list[dict[str, Any]]],
) -> None:
    _, anew, after = in_namespace(
        'ip("link", "set", "left0", "up"); ip("link", "set", "right0", "up"); memo = look()\n'
        'send("left0", 10, 1000); memo = look.__call__("all", memo); told.pop()\n'
        'ip("link", "del", "left0"); ip("link", "add", "left0", "type", "veth", "peer", "name", "other0")\n'
        'ip("link", "set", "left0", "up"); ip("link", "set", "other0", "up")\n'
        'memo = look(memo=back(memo, 10)); send("left0", 10, 100); look(memo=back(memo, 10))'
    )
    # Nothing there can be compared with what was: it looks twice.
    assert (anew["parts"]["left0"]["tx_rate"], anew["parts"]["other0"]["rx_rate"]) == (0, 0)
    assert after["parts"]["left0"]["tx_rate"] == pytest.approx(100, rel=0.1)


def test_namespace_without_any_interface_but_lo_is_unknown(
    in_namespace: Callable[[str], list[dict[str, Any]]],
) -> None:
    seen, lo, without = in_namespace(
        'ip("link", "del", "left0"); look(); ip("link", "set", "lo", "up"); look("lo")\n'
        'ip("link", "add", "left0", "type", "veth"); look(exclude=("left*", "veth*"))'
    )
    assert seen["blind"] == "there is no interface to look at but lo"
    assert without["blind"] == "there is no interface to look at but lo (check `exclude`)"
    assert (lo["parts"]["lo"]["up"], lo["parts"]["lo"]["speed"], lo["parts"]["lo"]["util"]) == (
        True,
        None,
        None,
    )


def test_counters_are_those_of_psutil() -> None:
    seen = probe(NetworkSpec(interface="lo"), Context(timeout=5, network=Network(), now=1.8e9))
    counted, known = seen.memo["counters"]["lo"], psutil.net_io_counters(pernic=True)["lo"]
    assert counted["received"] == pytest.approx(known.bytes_recv, rel=0.05, abs=100_000)
    assert counted["packets"] == pytest.approx(known.packets_recv + known.packets_sent, rel=0.05, abs=1000)


def test_only_cards_are_looked_at_where_there_are_any(tmp_path: Path) -> None:
    for name in ("eth0", "eth1", "br0", "wg0"):
        (tmp_path / name).mkdir()
    assert cards(["eth0", "br0", "wg0"], tmp_path) == ["eth0", "br0", "wg0"]
    for name in ("eth0", "eth1"):
        (tmp_path / name / "device").mkdir()
    assert cards(["eth0", "eth1", "br0", "wg0", "gone0"], tmp_path) == ["eth0", "eth1"]


def _observe(before: Mapping[str, float], after: Mapping[str, float], link: Link) -> Observation:
    moved = Passed(Meter(dict), Look(0.0, {"eth0": before}), Look(10.0, {"eth0": after}))
    return observe(moved, {"eth0": link}, frozenset(), every=False)


NAMES = ("received", "sent", "packets", "errors", "drops")
amounts = st.fixed_dictionaries({name: st.integers(0, 2**64) for name in NAMES})


@given(amounts, amounts)
def test_rates_are_never_negative_and_shares_are_shares(
    before: dict[str, int], after: dict[str, int]
) -> None:
    moved = Passed(Meter(dict), Look(0.0, {"eth0": before}), Look(10.0, {"eth0": after}))
    seen = figures(moved, "eth0")
    assert all(each is None or each >= 0 for each in seen.values())
    assert all(seen[name] is None or float(seen[name] or 0) <= 1 for name in ("error_share", "drop_share"))
    assert (seen["rx_rate"] is None) == any(after[name] < before[name] for name in NAMES)


def test_busier_direction_is_the_share_of_the_line() -> None:
    nothing = dict.fromkeys(NAMES, 0)
    moved = {**nothing, "received": 625_000_000, "sent": 10, "packets": 90, "errors": 10}
    (seen,) = _observe(nothing, moved, Link(up=True, speed=1_000_000_000)).parts.values()
    assert (seen.values["util"], seen.values["errors"], seen.values["error_share"]) == (0.5, 1, 0.1)


def test_interface_is_asked_for_by_its_name_alone() -> None:
    context = Context(timeout=5, network=Network(), now=1.8e9)
    seen = probe(NetworkSpec(interface="no*such"), context)
    assert (seen.blind is not None, seen.error_kind) == (True, ErrorKind.LOCAL)
