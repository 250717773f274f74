"""Through the installed command: every fault, of every kind that can meet it, has a clear reason of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.checks.http.targets import assert_clean
from tests.end_to_end.bad_ports import (
    HOST,
    WITHOUT_SENSE,
    WITHOUT_TLS,
    Certificates,
    Ports,
    agrees_to_starttls,
    hears_then,
)
from tests.end_to_end.daemon import TOCSIN
from tests.stolen import seen_by_watchman, watched

Options = dict[str, Any]
Look = Callable[[int, str], Options]
LIMIT = 4.0
# A machine with one core for all of them is slower than any of them.
AROUND = 3.0
SECRET = "correct-horse-battery-staple"


def _web(kind: str, scheme: str, **more: Any) -> Look:
    def options(port: int, ca: str) -> Options:
        found = {"type": kind, "url": f"{scheme}://{HOST}:{port}/", **more}
        return found | ({"tls": {"ca": ca}} if scheme == "https" else {})

    return options


def _port(kind: str, *, secure: bool = False, **more: Any) -> Look:
    def options(port: int, ca: str) -> Options:
        found = {"type": kind, "host": HOST, "port": port, **more}
        return found | ({"ca": ca} if secure else {})

    return options


BEARER = {"bearer": "${env:MATRIX_SECRET}"}
LOGIN = {"user": "probe", "password": "${env:MATRIX_SECRET}"}
OVER_TLS: dict[str, Look] = {
    "http": _web("http", "https", auth=BEARER),
    "api": _web("api", "https", auth=BEARER),
    "tcp": _port("tcp", secure=True, tls=True, send="${env:MATRIX_SECRET}", expect="^220 "),
    "tls": _port("tls", secure=True),
    "smtp": _port("smtp", secure=True, tls=True, auth=LOGIN),
    "imap": _port("imap", secure=True, tls=True, auth=LOGIN),
    "pop3": _port("pop3", secure=True, tls=True, auth=LOGIN),
    "ftp": _port("ftp", secure=True, tls=True, auth=LOGIN),
}
AFTER_STARTTLS: dict[str, Look] = {
    "tls": _port("tls", secure=True, starttls="smtp"),
    "smtp": _port("smtp", secure=True, starttls=True, auth=LOGIN),
}
IN_THE_OPEN: dict[str, Look] = {
    "http": _web("http", "http", auth=BEARER),
    "api": _web("api", "http", auth=BEARER),
    "metrics": _web("metrics", "http"),
    "prometheus": _web("prometheus", "http", query="up"),
    "status_page": _web("status_page", "http"),
    "tcp": _port("tcp", send="${env:MATRIX_SECRET}", expect="^220 "),
    "smtp": _port("smtp", auth=LOGIN, plain_login=True),
    "imap": _port("imap", auth=LOGIN, plain_login=True),
    "pop3": _port("pop3", auth=LOGIN, plain_login=True),
    "ftp": _port("ftp", auth=LOGIN, plain_login=True),
    "ssh": _port("ssh"),
}

# They greet before they are asked anything.
GREETING = {"smtp", "imap", "pop3", "ftp", "ssh"}
AFTER_A_WORD = ("closes", "resets", "speaks-tls")

# Of each fault: the error kinds that may be given, and what the reason must say.
TLS_REASONS: dict[str, tuple[set[str], str]] = {
    "expired": ({"tls"}, r"expired"),
    "not-yet-valid": ({"tls"}, r"not yet valid"),
    "self-signed": ({"tls"}, r"self-signed"),
    "wrong-host": ({"tls"}, r"not valid for 127\.0\.0\.1.*other\.example"),
    "missing-intermediate": ({"tls"}, r"intermediate certificate missing.*Issuing Authority"),
    "unknown-authority": ({"tls"}, r"unknown authority.*Elsewhere Root"),
    "client-certificate-wanted": ({"tls"}, r"client certificate"),
    "too-old": ({"tls"}, r"version"),
    "garbage": ({"tls"}, r"not TLS"),
    "plain-text": ({"tls"}, r"not TLS.*HTTP/1\.1 400"),
    "hangs": ({"timeout"}, r"TLS handshake"),
    "closes": ({"tls", "reset"}, r"closed .*during the TLS handshake"),
    "resets": ({"tls", "reset"}, r"reset .*during the TLS handshake"),
}
REASONS: dict[str, tuple[set[str], str]] = {
    "refused": ({"refused"}, r"refused"),
    "silent": ({"timeout"}, rf"{LIMIT:g}s"),
    "closes": ({"reset", "protocol"}, r"closed"),
    "resets": ({"reset"}, r"reset"),
    "trickles": ({"timeout", "protocol", "content"}, r"\\x00"),
    "endless": ({"protocol", "content"}, r"2222|more than|first 64KiB"),
    "another-protocol": ({"protocol", "content", "status"}, r"RFB 003\.008"),
    "speaks-tls": ({"protocol", "content"}, r"\\x15"),
}
# A page that cannot be read says nothing of the service it tells of.
UNKNOWN = {"status_page"}
# The kind that looks at TLS itself goes on where others give up, and says how old it is.
REPORTED = {("tls", "too-old", "degraded")}

Readings = dict[str, dict[str, dict[str, Any]]]


def looked(
    configured: Mapping[str, Mapping[str, Options]], directory: Path, before: tuple[str, ...] = ()
) -> Readings:
    """The readings of one look at all, by service, then by check, with what was `stolen` from each. Nothing but JSON
    is said.

    `before` are words before the command.
    """
    services = {
        service: {"checks": {name: {**options, "timeout": f"{LIMIT:g}s"} for name, options in checks.items()}}
        for service, checks in configured.items()
    }
    path, watchman = directory / "tocsin.yaml", directory / "watchman"
    path.write_text(json.dumps({"services": services}), encoding="utf-8")
    ended = subprocess.run(
        [*before, *watched(watchman, TOCSIN, "check", "--json", "--config", str(path))],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MATRIX_SECRET": SECRET},
        check=False,
    )
    assert (ended.returncode in (2, 3), ended.stderr) == (True, ""), ended
    assert SECRET not in ended.stdout
    found: Readings = {service: {} for service in configured}
    beside = seen_by_watchman(watchman)
    for reading in json.loads(ended.stdout):
        stolen = {"stolen": beside.stolen_from(reading)}
        found[reading["service"]][reading["check"]] = reading | stolen
    return found


def assert_told_apart(readings: Mapping[str, Any], reasons: Mapping[str, tuple[set[str], str]]) -> None:
    """Each fault is told in time, with its kind and its words, and no two have the same words."""
    assert set(readings) == set(reasons)
    poor: dict[str, tuple[str, ...]] = {}
    for name, reading in readings.items():
        kinds, words = reasons[name]
        assert_clean(reading)
        assert reading["took"] <= LIMIT + AROUND + reading["stolen"], (name, reading)
        if (reading["kind"], name, reading["status"]) in REPORTED:
            continue
        blind = reading["kind"] in UNKNOWN or reading["error_kind"] in ("policy", "local")
        status = "unknown" if blind else "down"
        if reading["status"] != status or reading["error_kind"] not in kinds:
            poor[name] = (reading["status"], reading["error_kind"], reading["message"])
        elif not re.search(words, reading["message"]):
            poor[name] = (words, reading["message"])
    told = {
        name: re.sub(r"127\.0\.0\.1:\d+", "HOST", reading["message"]) for name, reading in readings.items()
    }
    same = {name: text for name, text in told.items() if list(told.values()).count(text) > 1}
    assert (poor, same) == ({}, {})


@pytest.fixture(scope="module")
def over_tls(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    directory = tmp_path_factory.mktemp("tls")
    certificates = Certificates(directory)
    with Ports() as ports:
        opened = ports.open(certificates.faults() | WITHOUT_TLS)
        return looked(
            {
                kind: {name: options(port, certificates.ca) for name, port in opened.items()}
                for kind, options in OVER_TLS.items()
            },
            directory,
        )


@pytest.fixture(scope="module")
def after_starttls(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    directory = tmp_path_factory.mktemp("starttls")
    certificates = Certificates(directory)
    with Ports() as ports:
        ways = certificates.faults() | WITHOUT_TLS
        opened = ports.open({name: agrees_to_starttls(serve) for name, serve in ways.items()})
        return looked(
            {
                kind: {name: options(port, certificates.ca) for name, port in opened.items()}
                for kind, options in AFTER_STARTTLS.items()
            },
            directory,
        )


@pytest.fixture(scope="module")
def in_the_open(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    with Ports() as ports, socket.socket() as bound:
        bound.bind((HOST, 0))  # and listens to nobody
        at_once = {"refused": bound.getsockname()[1], **ports.open(WITHOUT_SENSE)}
        asked = at_once | ports.open({name: hears_then(WITHOUT_SENSE[name]) for name in AFTER_A_WORD})
        return looked(
            {
                kind: {
                    name: options(port, "") for name, port in (at_once if kind in GREETING else asked).items()
                }
                for kind, options in IN_THE_OPEN.items()
            },
            tmp_path_factory.mktemp("open"),
        )


@pytest.mark.parametrize("kind", OVER_TLS)
def test_every_fault_of_tls_has_its_own_reason(kind: str, over_tls: Readings) -> None:
    assert_told_apart(over_tls[kind], TLS_REASONS)


@pytest.mark.parametrize("kind", AFTER_STARTTLS)
def test_every_fault_of_tls_has_its_own_reason_after_starttls(kind: str, after_starttls: Readings) -> None:
    assert_told_apart(after_starttls[kind], TLS_REASONS)


@pytest.mark.parametrize("kind", IN_THE_OPEN)
def test_every_fault_of_a_connection_has_its_own_reason(kind: str, in_the_open: Readings) -> None:
    assert_told_apart(in_the_open[kind], REASONS)


NAMES = {"denied": "gone.example", "never-answered": "hangs.example", "metadata": "169.254.169.254"}
OF_NAMES: dict[str, tuple[set[str], str]] = {
    "denied": ({"dns"}, r"gone\.example"),
    "never-answered": ({"dns", "local"}, r"hangs\.example"),
    "metadata": ({"policy"}, r"169\.254\.169\.254"),
}


@pytest.fixture(scope="module")
def of_names(own_name_server: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Readings:
    directory = tmp_path_factory.mktemp("of-names")
    ca = Certificates(directory).ca
    looks = IN_THE_OPEN | {"tls": OVER_TLS["tls"], "ping": lambda _port, _ca: {"type": "ping", "host": HOST}}
    configured = {
        kind: {
            fault: json.loads(json.dumps(options(1234, ca)).replace(HOST, name))
            for fault, name in NAMES.items()
        }
        for kind, options in looks.items()
    }
    return looked(configured, directory, own_name_server)


@pytest.mark.parametrize("kind", [*IN_THE_OPEN, "tls", "ping"])
def test_every_fault_of_a_name_has_its_own_reason(kind: str, of_names: Readings) -> None:
    assert_told_apart(of_names[kind], OF_NAMES)
