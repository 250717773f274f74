"""What peers' own tests expect of a DNS check, through the installed command against servers built as described."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import dns.flags
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.message import Message

from tests.checks.dns.answering import Says, answering, with_records

Case = Mapping[str, Any]

_EXCLUDED: Mapping[str, str] = {}
_COUNTS = {
    "answer_rrs": "answer_count",
    "authority_rrs": "authority_count",
    "additional_rrs": "additional_count",
}
_GIVEN = {"an IPv6 address": "2001:db8::1", "*v=spf1*": '"v=spf1 -all"', ".": "0 ."}
_CONDITIONS = {
    "rcode == NOERROR": 'rcode != "NOERROR"',
    "answer matches *.*.*.*": 'not answers like "*.*.*.*"',
}


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Case]:
    found = json.loads((shared / "real" / "cases_tcp_dns.json").read_text(encoding="utf-8"))
    return [case for case in found if case["group"] == "dns" or "-dns-" in case["id"]]


def _judged(case: Case) -> bool:
    return case.get("judge", True) and case["id"] not in _EXCLUDED


def _refused(case: Case) -> bool:
    """Whether the file itself is to be refused."""
    return case["expect"].get("failed") == "configuration" or case["expect"].get("valid") is False


def test_no_case_is_left_out_but_those_that_are_not_to_be_judged(cases: list[Case]) -> None:
    assert not _EXCLUDED
    assert {case["id"] for case in cases if not _judged(case)} == {"net-dns-authoritative-9"}


def test_every_case_ends_as_its_authors_expect(cases: list[Case], tmp_path: Path) -> None:
    looked_at = [each for each in cases if _judged(each) and not _refused(each)]
    readings = asyncio.run(_run(looked_at, tmp_path))
    wrong = {}
    for case in looked_at:
        for transport in _transports(case):
            reading = readings[f"{case['id']}-{transport}"]
            if faults := list(_faults(case, reading)):
                wrong[case["id"], transport] = (faults, reading)
    assert not wrong, wrong


def test_what_is_wrong_in_the_file_is_refused_with_its_line(cases: list[Case], tmp_path: Path) -> None:
    refused = [case for case in cases if _refused(case)]
    assert refused
    for case in refused:
        path = _written({"s": _check(case, "127.0.0.1", 53, "udp")}, tmp_path)
        code, printed = asyncio.run(_command("validate", path))
        assert code == 78
        (error,) = json.loads(printed)["errors"]
        assert error["line"]
        assert "B" in error["message"] or "NOT_A_VALID_RCODE" in error["message"]


def _faults(case: Case, reading: Case) -> Iterator[str]:
    expect, values = case["expect"], reading["values"]
    measured = expect.get("measured", {})
    if "up" in expect and (reading["status"] == "ok") != expect["up"]:
        yield f"up is {reading['status']}"
    if (reason := expect.get("failed")) and reading["error_kind"] != {"rcode": "dns", "records": "content"}[
        reason
    ]:
        yield f"error kind is {reading['error_kind']}"
    for theirs, ours in _COUNTS.items():
        if theirs in measured and values[ours] != measured[theirs]:
            yield f"{ours} is {values[ours]}"
    if "serial" in measured and values["serial"] != measured["serial"]:
        yield f"serial is {values['serial']}"
    if measured.get("ip_version") == 6 and values["ip"] != "::1":
        yield f"ip is {values['ip']}"
    if not set(measured.get("phases", ())) <= set(reading["phases"]):
        yield f"phases are {reading['phases']}"
    if "rcode" in expect and values["rcode"] != expect["rcode"]:
        yield f"rcode is {values['rcode']}"
    if "text" in expect and not _is_said(expect["text"], values["answers"]):
        yield f"answers is {values['answers']}"


def _is_said(wanted: str, answers: str) -> bool:
    return IPv6Address(answers).version == 6 if "IPv6" in wanted else fnmatchcase(answers, wanted)


def _transports(case: Case) -> list[str]:
    return list(case.get("transports", ["udp"]))


async def _run(cases: list[Case], directory: Path) -> Mapping[str, Case]:
    async with AsyncExitStack() as stack:
        services = {}
        for case in cases:
            hosts = ("127.0.0.1", "::1") if "hosts" in case["given"] else ("127.0.0.1",)
            server = await stack.enter_async_context(answering(_says(case), hosts=hosts))
            name = "localhost" if "server" in case["probe"] else "127.0.0.1"
            for transport in _transports(case):
                services[f"{case['id']}-{transport}"] = _check(case, name, server.port, transport)
        code, printed = await _command("check", _written(services, directory))
        assert code in (0, 2)
        return {reading["service"]: reading for reading in json.loads(printed)}


def _written(services: Mapping[str, Any], directory: Path) -> Path:
    path = directory / "tocsin.yaml"
    whole = {name: {"checks": {"case": check}} for name, check in services.items()}
    path.write_text(json.dumps({"services": whole}), encoding="utf-8")
    return path


async def _command(command: str, path: Path) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(
        "tocsin", command, "--config", str(path), "--json", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return process.returncode, printed


def _says(case: Case) -> Says:
    given = case["given"]["dns"]

    def says(question: Message) -> Message:
        if "recursion" in given and not question.flags & dns.flags.RD:
            return with_records(question, rcode="REFUSED")
        return with_records(
            question,
            _answer(given, question),
            authority=given.get("authority", ()),
            additional=given.get("additional", ()),
            rcode=given.get("rcode", "NOERROR"),
        )

    return says


def _answer(given: Mapping[str, Any], question: Message) -> list[str]:
    (asked,) = question.question
    kind, klass = dns.rdatatype.to_text(asked.rdtype), dns.rdataclass.to_text(asked.rdclass)
    if "answer_for" in given:
        wanted, name = given["answer_for"].split()
        assert (kind, str(asked.name)) == (wanted, name)
        return [f"{name} 3600 IN {kind} {_GIVEN.get(given['gives'], given['gives'])}"]
    found = given.get("answer", [])
    if isinstance(found, list):
        return found
    return list(found.get(kind if klass == "IN" else f"{klass} {kind}", found["*"]))


def _check(case: Case, host: str, port: int, transport: str) -> dict[str, Any]:
    """The case's probe in the words of the operator's file."""
    asked = case["probe"]
    check: dict[str, Any] = {
        "type": "dns",
        "name": asked["name"],
        "record": asked.get("type", "A"),
        "server": host,
        "port": port,
        "transport": transport,
        "recursion": asked.get("recursion", True),
    }
    if "ip" in asked:
        check["ip"] = asked["ip"].removeprefix("ip")
    if "accept_rcodes" in asked:
        check["accept_rcodes"] = asked["accept_rcodes"]
    for option, patterns in asked.items():
        section, _, rule = option.partition("_")
        if section in ("answer", "authority", "additional"):
            check.setdefault(section, {})[rule] = patterns
    if "conditions" in asked:
        check["down"] = " or ".join(_CONDITIONS[each] for each in asked["conditions"])
    return check
