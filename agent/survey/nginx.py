"""nginx: the virtual hosts and access logs of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.survey.found import Binding, WebServer

FILES = (
    "etc/nginx/nginx.conf",
    "etc/nginx/conf.d/*.conf",
    "etc/nginx/http.d/*.conf",
    "etc/nginx/sites-enabled/*",
)
_TOKEN = re.compile(
    r"""#[^\n]*|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|[{};]|[^\s{};"'#][^\s{};]*""", re.DOTALL
)
_LISTEN = re.compile(r"(?:(\[[0-9a-fA-F:.]*\]|[A-Za-z0-9.*-]+):)?([0-9]{1,5})")
_NOT_HTTP = {"stream", "mail"}
_HTTP_PORT = 80


@dataclass(slots=True)
class _Server:
    """One `server { }` while it is being read."""

    names: list[str] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    listens: bool = False


def web_servers(text: str) -> Iterator[WebServer]:
    """The virtual hosts of one file."""
    server = _Server()
    for blocks, words in _statements(text):
        if not words:  # a block ends
            if blocks[-1] == "server" and not _NOT_HTTP & set(blocks):
                bindings = server.bindings if server.listens else [Binding("", _HTTP_PORT, tls=False)]
                yield WebServer("nginx", tuple(server.names), tuple(bindings))
            if blocks[-1] == "server":
                server = _Server()
        elif blocks[-1:] == ["server"] and words[0] == "server_name":
            server.names += words[1:]
        elif blocks[-1:] == ["server"] and words[0] == "listen":
            server.listens = True
            server.bindings += _bindings(words[1:])


def access_logs(text: str) -> Iterator[str]:
    """The files that the configuration names for access logs; variables in them are left to the reader."""
    for _, words in _statements(text):
        if words[:1] == ["access_log"] and len(words) > 1:
            yield words[1]


def _statements(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each directive with the blocks around it; the end of a block is an empty directive."""
    blocks: list[str] = []
    words: list[str] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == ";":
            if words:
                yield blocks, words
            words = []
        elif token == "{":
            blocks.append(words[0] if words else "")
            words = []
        elif token == "}":
            if blocks:
                yield blocks, []
                blocks.pop()
            words = []
        elif not token.startswith("#"):
            words.append(next((part for part in found.groups() if part is not None), token))


def _bindings(words: list[str]) -> Iterator[Binding]:
    """`8080`, `127.0.0.1:80`, `[::]:443 ssl`, `localhost`; sockets in the file system are passed over."""
    if not words or words[0].startswith("unix:"):
        return
    tls = bool({"ssl", "quic"} & set(words[1:]))
    found = _LISTEN.fullmatch(words[0])
    if found and int(found[2]) <= 65535:
        yield Binding((found[1] or "").strip("[]"), int(found[2]), tls)
    elif found is None:
        yield Binding(words[0].strip("[]"), _HTTP_PORT, tls)
