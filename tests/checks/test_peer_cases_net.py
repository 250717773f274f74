"""What peers' own tests expect of checks on connections, through the installed command against servers as described."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import dns.rdatatype
import pytest
from dns.message import Message

from tests.checks.dns.answering import Says, answering, with_records
from tests.checks.name_server import NameServer
from tests.checks.tls.case_servers import NAME, Case, Shown, conduct, listening

_EXCLUDED: Mapping[str, str] = {}
# Cases that say of themselves that they matter only where something is offered, and the rights are there.
_LEFT_OUT = {
    "net-unix-missing": "`tcp` connects to ports; `http` is the kind that speaks over UNIX sockets",
    "net-gatus-ping-nobody": "its address lies outside of this host; tests/checks/ping has a network of its own",
}
_AT_MOST = 0.05
_FAMILIES = {"ip4": "4", "ip6": "6"}
_REASONS: Mapping[str, tuple[str, ...]] = {
    "tls_verify": ("certificate",),
    "dialog": ("`expect` not found",),
    "connection": ("no address", "could not be resolved", "no answer from the name server", "no such"),
    "resolve": ("no IPv6 address",),
}


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Case]:
    found: list[Case] = json.loads((shared / "real" / "cases_tcp_dns.json").read_text(encoding="utf-8"))
    return [case for case in found if case["group"] != "dns" and "-dns-" not in case["id"]]


def _judged(case: Case) -> bool:
    return case["id"] not in _EXCLUDED and case["id"] not in _LEFT_OUT


def _refused(case: Case) -> bool:
    """Whether the file itself is to be refused."""
    return bool(case["expect"].get("failed") == "configuration")


def test_hardly_any_case_is_left_out_and_each_for_a_reason(cases: list[Case]) -> None:
    asked_for = [case["id"] for case in cases if not case.get("optional")]
    assert set(_EXCLUDED) <= set(asked_for)
    assert len(_EXCLUDED) <= _AT_MOST * len(asked_for)
    assert all(case.get("optional") for case in cases if case["id"] in _LEFT_OUT)


def test_every_case_ends_as_its_authors_expect(cases: list[Case], tmp_path: Path) -> None:
    looked_at = [case for case in cases if _judged(case) and not _refused(case)]
    readings = asyncio.run(_run(looked_at, tmp_path))
    wrong = {}
    for case in looked_at:
        if faults := _faults(case, readings[case["id"]]):
            wrong[case["id"]] = (faults, readings[case["id"]])
    assert not wrong, json.dumps(wrong, indent=1)


def test_what_cannot_be_asked_for_is_refused_with_its_place(cases: list[Case], tmp_path: Path) -> None:
    refused = [case for case in cases if _judged(case) and _refused(case)]
    for case in refused:
        path = tmp_path / f"{case['id']}.yaml"
        check = _check(case["probe"], {})
        path.write_text(json.dumps({"services": {"case": {"checks": {"case": check}}}}))
        code, printed = asyncio.run(_tocsin("validate", "--config", str(path), "--json"))
        assert code == 78
        assert (
            "port" in json.loads(printed)["errors"][0]["path"] + json.loads(printed)["errors"][0]["message"]
        )
    assert refused


def _faults(case: Case, reading: Case) -> list[str]:
    """What of the case's expectations the reading does not meet."""
    expect, found = case["expect"], []
    if (up := expect.get("up", expect.get("name_matches"))) is not None and (reading["status"] == "ok") != up:
        found.append(f"up is {reading['status']}")
    if (words := _REASONS.get(expect.get("failed", ""))) and not any(w in reading["message"] for w in words):
        found.append("the reason is another")
    if (name := expect.get("name")) and name not in reading["message"]:
        found.append("the alert is not named")
    if (serial := expect.get("shown")) and reading["values"].get("serial") != serial:
        found.append(f"serial is {reading['values'].get('serial')}")
    return found + _wrongly_measured(expect.get("measured", {}), reading)


def _wrongly_measured(measured: Case, reading: Case) -> list[str]:
    values, found = reading["values"], []
    if version := measured.get("ip_version"):
        spoken = 6 if ":" in values["ip"] else 4
        found += [] if spoken == version else [f"spoke IPv{spoken}"]
    if version := measured.get("tls_version"):
        found += [] if values["tls_version"] == version else [f"spoke {values['tls_version']}"]
    if "cert_expiry" in measured and not 0.9 < values["cert_days"] <= 1:
        found.append(f"days are {values['cert_days']}")
    for name, value in measured.get("labels", {}).items():
        found += [] if values.get(name) == value else [f"{name} is {values.get(name)}"]
    return found


async def _run(cases: list[Case], directory: Path) -> Mapping[str, Any]:
    async with AsyncExitStack() as stack:
        nobody = stack.enter_context(NameServer({"test": ()}))
        somebody = await stack.enter_async_context(answering(_knows(NAME, "127.0.0.1")))
        names = {"name": NAME, "dns": f"127.0.0.1:{somebody.port}", "nobody": nobody.address}
        services = {}
        for case in cases:
            place = directory / case["id"]
            place.mkdir()
            port, ca = await _serve(stack, case["given"], place)
            here = {**names, "port": str(port), "addr": f"127.0.0.1:{port}", "ip": "127.0.0.1", "ca": ca}
            services[case["id"]] = {"checks": {"case": _check(case["probe"], here, case)}}
        path = directory / "tocsin.yaml"
        path.write_text(json.dumps({"services": services}), encoding="utf-8")
        _, printed = await _tocsin("check", "--config", str(path), "--verbose", "--json")
        return {reading["service"]: reading for reading in json.loads(printed)}


def _knows(name: str, address: str) -> Says:
    def says(question: Message) -> Message:
        asked = question.question[0]
        is_it = asked.name.to_text().lower() == f"{name}." and dns.rdatatype.to_text(asked.rdtype) == "A"
        return with_records(question, [f"{name}. 60 IN A {address}"] if is_it else [])

    return says


async def _serve(stack: AsyncExitStack, given: Case, directory: Path) -> tuple[int, str]:
    """The port of the case's server (one that is closed where it has none), and whom to trust."""
    server = given.get("server") or {}
    described = server.get("cert") or given.get("cert")
    if not server and "alert" not in given and not described:
        return 9, ""
    shown = Shown(described, directory) if described else None
    is_tls = shown is not None and (server.get("proto", "tls") == "tls")
    hosts = ("127.0.0.1", "::1") if "listen" in server else ("127.0.0.1",)
    context = shown.context(server.get("tls_versions", ())) if shown and is_tls else None
    port = await stack.enter_async_context(listening(conduct(given, shown), hosts, context))
    return port, str(shown.ca) if shown else ""


async def _tocsin(*arguments: str) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec("tocsin", *arguments, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    return process.returncode or 0, printed


def _check(probe: Case, names: Mapping[str, str], case: Case | None = None) -> dict[str, Any]:
    """The case's probe in the words of the operator's file."""
    scheme, _, place = _filled(probe.get("target", ""), names).rpartition("://")
    kind = {"icmp": "ping", "starttls": "tls", "tls": "tls", "ssh": "ssh"}.get(scheme, "tcp")
    check: dict[str, Any] = {"type": kind, "timeout": f"{max(probe.get('timeout_s') or 10, 5)}s"}
    check |= _place(place, kind)
    if kind == "ping":
        return check | {"count": 1, "ip": _FAMILIES.get(probe.get("family", ""), "auto")}
    if kind == "ssh":
        return check
    if scheme == "starttls":
        check["starttls"] = "smtp"
    if case is not None and not place:
        check |= _of_certificate(case, names)
    check |= {"degraded": "latency > 1h"} | _options(probe, names)
    return check


def _of_certificate(case: Case, names: Mapping[str, str]) -> dict[str, Any]:
    """For cases that ask about a certificate or an alert alone: a look at a server that has it."""
    given = {"type": "tls", "host": "127.0.0.1", "port": int(names["port"])}
    if case["given"].get("cert"):
        given["ca"] = names["ca"]
    return given | ({"server_name": case["probe"]["name"]} if "name" in case["probe"] else {})


def _place(place: str, kind: str) -> dict[str, Any]:
    if kind == "ping":
        return {"host": place}
    host, _, port = place.rpartition(":") if re.search(r":\d+$", place) else (place, "", "")
    return {"host": host} | ({"port": int(port)} if port else {})


def _options(probe: Case, names: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "ca" in probe:
        found["ca"] = names["ca"]
    for option in ("tls", "server_name", "starttls"):
        if option in probe:
            found[option] = probe[option]
    if "ip" in probe:
        found["ip"] = _FAMILIES[probe["ip"]]
    if "dialog" in probe:
        found["dialog"] = [_step(each) for each in probe["dialog"]]
    if "resolver" in probe:
        found["resolver"] = _filled(probe["resolver"], names)
    elif probe.get("target", "").endswith("://test:1234"):
        found["resolver"] = names["nobody"]
    return found


def _step(step: Case) -> dict[str, Any]:
    """A step of the case; exact bytes are a pattern that means nothing else."""
    words = {"expect_bytes": "expect", "labels": "values"}
    made = {words.get(name, name): value for name, value in step.items()}
    if "expect_bytes" in step:
        made["expect"] = re.escape(step["expect_bytes"])
    return made


def _filled(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
