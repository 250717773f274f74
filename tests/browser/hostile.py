"""What outsiders put wherever they may say something, each field by its own word; and servers and logs that do."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.rrset
from dns.message import Message

from tests.checks.dns.answering import answering
from tests.checks.http.hostile import body
from tests.checks.tls.authorities import Wish, issued
from tests.end_to_end.bad_ports import HOST, Ports, listens, tls

# Whatever of them is taken for markup leaves an element or attribute `data-injected`, or opens a dialog; one is a word
# that no line has room for.
PAYLOADS = (
    "<img data-injected src=x onerror=alert(1)>",
    "W" * 60,
    "\"'><script data-injected>alert(1)</script>",
    "<svg data-injected onload=alert(1)></svg>",
    '" data-injected autofocus onfocus="alert(1)',
    "' data-injected onmouseover='alert(1)",
    '<a data-injected href="javascript:alert(1)">x</a>',
    "</textarea></title></style><iframe data-injected srcdoc='<script>alert(1)</script>'></iframe>",
    "<details data-injected open ontoggle=alert(1)>",
    "javascript:alert(1)",
    "{{ 7919 * 7907 }}{% raw %}${7919*7907}",
    "\u202egnp.exe\u2066\u200b\x1b[31m\x9b",
)
# What a template made of the braces would leave.
REACTED = "62615533"
JOB = "a-key-of-a-job-0123"
OFTEN = {"every": "1m", "timeout": "2s", "confirm": 1}


def said(field: str, most: int = 2000) -> str:
    """Begins with the field's own word, by which it is found on a page; then what fits into so many signs."""
    text = f"says-{field}"
    for each in PAYLOADS:
        if len(text) + len(each) < most:
            text += f" {each}"
    return text


def one_line(field: str, most: int = 2000) -> str:
    """The same without the signs that end a header or a line of a log."""
    return "".join(each for each in said(field, most) if each.isprintable() or each in "\u202e\u2066")


class Outside:
    """Well at first; `turn` makes its web server hostile in every part of its answer, and its logs say so."""

    def __init__(self, directory: Path) -> None:
        self.ill = False
        self.log, self.access = directory / "app.log", directory / "access.log"
        for each in (self.log, self.access):
            each.touch()

    def turn(self, at: float) -> None:
        """`at` is the moment, of which the log of the other web server is."""
        self.ill = True
        self.log.write_text(f"ERROR {one_line('log')}\n", encoding="utf-8")
        line = '192.0.2.1 - - [15/Jan/2027:08:01:00 +0000] "GET /{} HTTP/1.1" 500 1 "{}" "{}"\n'
        parts = (_logged(one_line(each, 300)) for each in ("path", "referrer", "user-agent"))
        self.access.write_text(line.format(*parts) * 9, encoding="utf-8")
        os.utime(self.access, (at, at))

    def serve(self, connection: socket.socket) -> None:
        connection.recv(65536)
        if not self.ill:
            connection.sendall(body(b"well", "Server: good/1", "X-App-Version: 1"))
            return
        headers = ("Server", "X-App-Version", "X-State", "Content-Type", "Via")
        lines = [f"{name}: {_wire(one_line(f'header-{name.lower()}', 400))}" for name in headers]
        page = f"<p>{said('body')}</p>"
        connection.sendall(body(page.encode(), *lines, status=f"503 {_wire(one_line('reason', 200))}"))


def _wire(text: str) -> str:
    """As `body` sends it, which takes latin-1."""
    return text.encode().decode("latin-1")


def _tells(connection: socket.socket) -> None:
    """As the status page of a provider does."""
    connection.recv(65536)
    incident = {"id": "1", "name": said("provider", 200), "status": "investigating", "impact": "major"}
    part = {"id": "a", "name": said("component", 100), "status": "major_outage"}
    told = {"status": {"indicator": "major"}, "components": [part], "incidents": [incident]}
    connection.sendall(body(json.dumps(told).encode(), "Content-Type: application/json"))


def _greets(connection: socket.socket) -> None:
    connection.sendall(f"220 {said('banner')}\r\n".encode())


def _named(directory: Path) -> ssl.SSLContext:
    """A certificate of which names, subject and issuer are hostile; the latter take 64 bytes."""
    title = "says-cert <img data-injected src=x onerror=alert(1)>"
    wish = Wish((one_line("cert-name", 100).replace("\u202e", ""),), title=title)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued(wish).saved(directory, "hostile"))
    return context


def _answers(question: Message) -> Message:
    answer, (asked,) = dns.message.make_response(question), question.question
    text = one_line("dns", 240).replace("\\", "").replace('"', '\\"')
    answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "TXT", f'"{text}"'))
    return answer


def _program(directory: Path) -> str:
    """A monitoring plugin with a hostile line and label."""
    plugin, text = directory / "plugin", one_line("plugin", 600).replace("'", "’")
    data = "\"'says-label <img data-injected src=x onerror=alert(1)>'=3s\""
    plugin.write_text(f"#!/bin/sh\necho '{text} | '{data}\nexit 2\n", encoding="utf-8")
    plugin.chmod(0o755)
    return str(plugin)


def _logged(text: str) -> str:
    """As web servers write what they were sent: without quotes and blanks that would end the field."""
    return text.replace('"', "%22").replace(" ", "%20")


@asynccontextmanager
async def outside(directory: Path) -> AsyncIterator[tuple[Outside, dict[str, Any]]]:
    """What is to be looked at, and the checks that do, by name."""
    found = Outside(directory)
    ways = {
        "web": found.serve,
        "tells": _tells,
        "line": _greets,
        "named": tls(_named(directory), listens),
    }
    with Ports() as ports:
        opened = ports.open(ways)
        async with answering(_answers) as names:
            yield found, {**_looked_at(opened, names.port), **_read(found, directory)}


def _looked_at(ports: dict[str, int], names: int) -> dict[str, Any]:
    ill = 'status > 499 or header "X-State" contains "says" or body contains "says"'
    question = {"name": "www.example.org", "record": "TXT", "server": f"{HOST}:{names}"}
    return {
        "web": {"type": "http", "url": f"http://{HOST}:{ports['web']}/", "down": ill, **OFTEN},
        "tells": {
            "type": "status_page",
            "url": f"http://{HOST}:{ports['tells']}",
            "provider": "statuspage",
            **OFTEN,
        },
        "line": {"type": "tcp", "host": HOST, "port": ports["line"], "expect": "^250 never", **OFTEN},
        "named": {"type": "tls", "host": HOST, "port": ports["named"], **OFTEN},
        "dns": {"type": "dns", **question, "down": 'answers != "well"', **OFTEN},
    }


def _read(found: Outside, directory: Path) -> dict[str, Any]:
    access = {"path": str(found.access), "format": "combined", "window": "1h", "down": "count_5xx > 1"}
    return {
        "log": {
            "type": "log",
            "path": str(found.log),
            "match": {"bad": "ERROR .*"},
            "down": "bad > 0",
            **OFTEN,
        },
        "job": {"type": "heartbeat", "every": "1h", "key": JOB},
        "access": {"type": "access_log", **access, **OFTEN},
        "plugin": {"type": "command", "command": [_program(directory)], **OFTEN},
    }
