"""What strangers can write: one way in for each, and what they write there."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import trustme

from tests.agent.web.rig import House

# Each sets a global, shows a dialog, or leaves an element behind, where it is taken for more than text.
PAYLOADS = (
    "<script>window.stolen=1;alert(1)</script>",
    '"><img src=x onerror="window.stolen=2;alert(2)">',
    "'><svg/onload=window.stolen=3>",
    "</textarea></title></style><script>window.stolen=4</script>",
    "javascript:window.stolen=5//",
    "{{7*7}}${window.stolen=6}<%= 7 %>",
    '<a href="javascript:window.stolen=7" autofocus onfocus="window.stolen=8">x</a>',
    "<iframe srcdoc='<script>parent.stolen=9</script>'>",
    "\u202egpj.exe\u0007<base href=//evil.example>",
)
SHORT = PAYLOADS[1]
EVERYTHING = "\n".join(PAYLOADS)


class _Evil(BaseHTTPRequestHandler):
    """Says it in the reason, in headers, in a redirect and in the body."""

    def do_GET(self) -> None:
        self.send_response_only(302 if self.path == "/moved" else 500, PAYLOADS[0])
        self.send_header("Server", SHORT)
        self.send_header("X-Powered-By", PAYLOADS[2])
        if self.path == "/moved":
            self.send_header("Location", f"http://127.0.0.1:1/{SHORT}")
        self.send_header("Content-Type", f"text/html; charset={SHORT}")
        self.end_headers()
        self.wfile.write(json.dumps({"status": {"indicator": SHORT, "description": EVERYTHING}}).encode())

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def evil(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server of ill will; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Evil)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def evil_certificate() -> ssl.SSLContext:
    """By an authority, and to an organisation, of such names."""
    ca = trustme.CA(organization_name=SHORT, organization_unit_name=PAYLOADS[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("evil.example", organization_name=PAYLOADS[0], common_name=SHORT[:60]).configure_cert(
        context
    )
    return context


def services(directory: Path, port: int, tls_port: int) -> dict[str, Any]:
    """Checks that look at what strangers say."""
    log = directory / "app.log"
    log.write_text("".join(f"ERROR {each}\n" for each in PAYLOADS), encoding="utf-8")
    usual = {"every": "10s", "confirm": 1}
    url = f"http://127.0.0.1:{port}"
    return {
        "shop": {
            "title": "Shop",
            "checks": {
                "site": {"type": "http", "url": url, **usual},
                "moved": {"type": "http", "url": f"{url}/moved", **usual},
                "cert": {"type": "http", "url": f"https://127.0.0.1:{tls_port}", **usual},
                "page": {"type": "status_page", "url": url, "provider": "statuspage", **usual},
                "script": {
                    "type": "command",
                    "command": ["/bin/sh", "-c", f"echo '{SHORT}'; exit 2"],
                    **usual,
                },
                "log": {"type": "log", "path": str(log), "down": "errors > 0", **usual},
                "job": {"type": "heartbeat", "every": "1h", "grace": "1m", "key": "k" * 40},
            },
        }
    }


SECTIONS: dict[str, Any] = {
    "inbound": {"tool": {"type": "generic", "token": "t" * 40, "mapping": {
        "key": "$.key", "title": "$.summary", "state": "$.state", "firing": ["firing"], "service": "$.service"}}},
}  # fmt: skip


async def speak(there: House) -> None:
    """Every stranger says it: callers, tools, jobs, pipelines, those who try to sign in."""
    do = there.app.commands.answer
    reporter = {"name": SHORT, "phone": PAYLOADS[2], "account": PAYLOADS[4]}
    files = [
        {"name": "{{7+7}} javascript'onload=alert(1)'.txt", "content": base64.b64encode(b"hello\n").decode()}
    ]
    told = {"title": SHORT, "description": EVERYTHING, "reporter": reporter, "service": "shop"}
    made = await do("desk", {"verb": "tickets.open", "arguments": {**told, "attachments": files}}, "api")
    number = int(made["id"][2:])
    for verb, arguments in (
        ("note", {"text": EVERYTHING}),
        ("message", {"text": EVERYTHING, "from_reporter": True}),
        ("task", {"action": "add", "text": SHORT}),
        ("set", {"changes": {"resolution": EVERYTHING}}),
        ("watch", {"person": '"<script>"@evil.example'}),
        ("escalate", {"reason": SHORT, "actions": EVERYTHING}),
    ):
        try:
            await do("desk", {"verb": f"tickets.{verb}", "arguments": {"ticket": number, **arguments}}, SHORT)
        except Exception as refused:
            assert type(refused).__name__ == "Refused", refused
    await do("changes.add", {"told": {"text": SHORT, "version": PAYLOADS[2]}}, SHORT)
    hold = {"names": ["shop"], "lasts": 3600.0, "reason": SHORT}
    for command in ("maintenance.add", "silence.add"):
        await do(command, hold, SHORT)
    async with httpx.AsyncClient(
        base_url=there.address, trust_env=False, headers={"user-agent": SHORT}
    ) as client:
        await client.post(f"/api/v1/heartbeat/{'k' * 40}/fail", content=EVERYTHING.encode())
        alert = {"key": SHORT, "summary": SHORT, "state": "firing", "service": SHORT}
        answer = await client.post(
            "/api/v1/inbound/tool", json=alert, headers={"authorization": f"Bearer {'t' * 40}"}
        )
        assert answer.status_code < 500, answer.text
        await client.post(
            "/sign-in", data={"name": SHORT, "password": EVERYTHING}, headers={"origin": there.address}
        )
