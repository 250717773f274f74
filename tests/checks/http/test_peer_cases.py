"""What peers' own tests expect of an HTTP check, through the installed command against servers built as described."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.checks.http.case_server import Case, certificate, proof, replies
from tests.checks.http.quic import quic_serving
from tests.checks.http.web import Answer, Asked, Web, serving

# What this program does not offer; the cases say of themselves that they matter only where it is offered.
_NOT_OFFERED = ("WebSocket", "gRPC", "on-demand probe endpoint", "URLs can be hidden")
_EXCLUDED: Mapping[str, str] = {}
_AT_MOST = 0.05
# The case's own note: a program that takes this mix of versions should pass.
_MEANT = {"http-version-3": True, "http-h3-version-0": True}


@pytest.fixture(scope="module")
def cases(shared: Path) -> list[Case]:
    found: list[Case] = json.loads((shared / "real" / "cases_http.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def outcome(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Each judged case's reading, and what its server was asked."""
    return asyncio.run(_run([each for each in cases if _judged(each)], tmp_path_factory.mktemp("cases")))


def _judged(case: Case) -> bool:
    return not _left_out(case) and case["id"] not in _EXCLUDED


def _left_out(case: Case) -> bool:
    return any(word in case.get("optional", "") for word in _NOT_OFFERED)


def test_hardly_any_case_is_left_out_and_each_for_a_reason(cases: list[Case]) -> None:
    asked_for = [case["id"] for case in cases if not case.get("optional")]
    assert set(_EXCLUDED) <= set(asked_for)
    assert len(_EXCLUDED) <= _AT_MOST * len(asked_for)
    assert all(case.get("optional") for case in cases if _left_out(case))


def test_every_case_ends_as_its_authors_expect(cases: list[Case], outcome: Mapping[str, Any]) -> None:
    wrong = {}
    for case in cases:
        if _judged(case):
            reading, asked = outcome[case["id"]]
            if faults := _faults(case, reading, asked):
                wrong[case["id"]] = (faults, reading)
    assert not wrong, json.dumps(wrong, indent=1)


def _faults(case: Case, reading: Case, asked: list[Asked]) -> list[str]:
    """What of the case's expectations the reading does not meet."""
    expect, found = case["expect"], []
    measured, values = expect.get("measured", {}), reading["values"]
    up = _MEANT.get(case["id"], expect.get("up"))
    if up is not None and (reading["status"] == "ok") != up:
        found.append(f"up is {reading['status']}")
    if (status := measured.get("status")) is not None and values.get("status") != status:
        found.append(f"status is {values.get('status')}")
    length = measured.get("body_length")  # peers differ on what counts of an answer that is refused
    if expect.get("up") and isinstance(length, int) and values.get("size") != length:
        found.append(f"size is {values.get('size')}")
    if (version := measured.get("http_version")) and values.get("http_version") != version:
        found.append(f"http_version is {values.get('http_version')}")
    if (secured := measured.get("tls")) is not None and ("tls" in reading["phases"]) != secured:
        found.append(f"phases are {reading['phases']}")
    if wanted := expect.get("request"):
        (request,) = asked
        if request.method != wanted["method"] or "tocsin" not in request.all("User-Agent")[0]:
            found.append(f"asked {request}")
    return found + ([] if up else _wrong_reason(expect.get("failed"), reading))


_REASONS: Mapping[str, tuple[str, ...]] = {
    "status": ("status",),
    "redirect_limit": ("redirects",),
    "tls_verify": ("self-signed", "self signed", "certificate"),
    "connection": ("closed", "reset"),
    "json": ("json",),
    "body_regex": ("body",),
    "header_regex": ("header",),
    "body_limit": ("max_body", "larger"),
    "http_version": ("http_version",),
    "certificate_expiry": ("cert_days",),
    "not_tls": ("tls",),
}


def _wrong_reason(failed: str | None, reading: Case) -> list[str]:
    """The reason must speak of what failed, and of nothing else."""
    words = _REASONS.get(failed or "", ())
    said = reading["message"].lower()
    return [] if not words or any(word in said for word in words) else [f"the reason says {said!r}"]


async def _run(cases: list[Case], directory: Path) -> Mapping[str, Any]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    async with AsyncExitStack() as stack:
        services: dict[str, Any] = {}
        servers: dict[str, Web] = {}
        for case in cases:
            server = case["given"]["server"]
            names = {"ca": str(directory / "ca.pem"), "host": "127.0.0.1", "ip": "127.0.0.1"}
            if second := server.get("second"):
                other = await _serve(stack, second, authority, (directory, names))
                names["addr_tls"] = f"localhost:{other.port}"
            web = servers[case["id"]] = await _serve(stack, server, authority, (directory, names))
            names |= {
                "port": str(web.port),
                "addr": f"127.0.0.1:{web.port}",
                "scheme": server["proto"].replace("h3", "https"),
            }
            services[case["id"]] = {"checks": {"case": _check(case["probe"], names)}}
        path = directory / "tocsin.yaml"
        path.write_text(json.dumps({"services": services}), encoding="utf-8")
        readings = await _looked(path)
        return {name: (reading, servers[name].asked) for name, reading in readings.items()}


async def _serve(
    stack: AsyncExitStack, server: Case, authority: trustme.CA, where: tuple[Path, Mapping[str, str]]
) -> Web:
    directory, names = where
    if server["proto"] == "h3":
        kind = server.get("cert", "signed")
        port = await stack.enter_async_context(quic_serving(certificate(authority, kind), directory))
        return Web(port=port)
    if server["proto"] == "tcp":
        return await stack.enter_async_context(serving(_hang_up))
    tls = proof(authority, server.get("cert", "signed")) if server["proto"] == "https" else None
    answers: Answer = replies(server["routes"], names)
    return await stack.enter_async_context(serving(answers, tls=tls))


def _hang_up(_asked: Asked) -> bytes:
    raise OSError("this server answers nobody")


async def _looked(path: Path) -> Mapping[str, Case]:
    process = await asyncio.create_subprocess_exec(
        "tocsin", "check", "--config", str(path), "--json", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return {reading["service"]: reading for reading in json.loads(printed)}


def _check(probe: Case, names: Mapping[str, str]) -> dict[str, Any]:
    """The case's probe in the words of the operator's file."""
    url = probe["target"]
    for name, value in names.items():
        url = url.replace(f"{{{name}}}", value)
    check: dict[str, Any] = {"type": "http", "url": url, "timeout": f"{max(probe['timeout_s'] or 10, 5)}s"}
    for option in ("method", "headers", "body", "follow_redirects"):
        if option in probe:
            check[option] = probe[option]
    if probe.get("accept_status"):
        check["accept_status"] = probe["accept_status"]
    if probe.get("graphql"):
        check["json"] = {"query": check.pop("body")}
    if probe.get("http3"):
        check["http_version"] = "3"
    if "body_limit_bytes" in probe:
        check["max_body"] = probe["body_limit_bytes"]
    if url.startswith("https") or "tls" in probe:
        check["tls"] = {**probe.get("tls", {}), "ca": names["ca"]}
    if auth := probe.get("auth"):
        check["auth"] = {"bearer": auth["token"]} if auth["type"] == "bearer" else auth
    if rules := _down_when(probe):
        accepted = "" if probe.get("accept_status") else "status not in 200..299 or "
        check["down"] = accepted + " or ".join(rules)
    return check


def _down_when(probe: Case) -> list[str]:
    rules = [f"not body matches {json.dumps(each)}" for each in probe.get("body_must_match", [])]
    rules += [f"body matches {json.dumps(each)}" for each in probe.get("body_must_not_match", [])]
    rules += [_header_rule(each, must=True) for each in probe.get("header_must_match", [])]
    rules += [_header_rule(each, must=False) for each in probe.get("header_must_not_match", [])]
    rules += [_json_rule(probe[sense], must=sense == "json_must") for sense in probe if "json_must" in sense]
    if versions := probe.get("accept_http_versions"):
        known = [each.removeprefix("HTTP/").replace("2.0", "2").replace("3.0", "3") for each in versions]
        rules.append(f"http_version not in {json.dumps(known)}")
    if probe.get("require_tls"):
        rules.append("not exists tls")
    if encoding := probe.get("decompress"):
        rules.append(f'header "Content-Encoding" != {json.dumps(encoding)}')
    rules += [_CONDITIONS[each] for each in probe.get("conditions", [])]
    return rules


_CONDITIONS = {
    "status == 200": "status != 200",
    'json status == "UP"': 'json $.status != "UP"',
    "certificate expires in > 24h": "cert_days <= 1",
    "certificate expires in > 100h": "cert_days < 4.16",
}


def _header_rule(rule: Case, *, must: bool) -> str:
    header = f'header "{rule["header"]}"'
    hit = f"{header} matches {json.dumps(rule['regex'])}"
    if not must:
        return hit if rule["allow_missing"] else f"{hit} or not exists {header}"
    return f"exists {header} and not {hit}" if rule["allow_missing"] else f"not {hit}"


def _json_rule(rule: Case, *, must: bool) -> str:
    path = f"json ${'.' + rule['path'] if rule['path'] else ''}"
    wanted = "true" if rule["test"] == "is true" else json.dumps(rule["value"])
    return f"{path} != {wanted}" if must else f"{path} == {wanted} or not exists {path}"
