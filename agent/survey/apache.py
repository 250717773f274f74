"""Apache: the virtual hosts and access logs of its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.survey.found import Binding, WebServer

FILES = (
    "etc/apache2/apache2.conf", "etc/apache2/conf-enabled/*.conf", "etc/apache2/sites-enabled/*.conf",
    "etc/apache2/vhosts.d/*.conf", "etc/httpd/conf/httpd.conf", "etc/httpd/conf.d/*.conf",
)  # fmt: skip
# What Debian's envvars sets; nothing of the shell is read.
_LOG_FOLDER = {"${APACHE_LOG_DIR}": "/var/log/apache2"}
_BEGIN = re.compile(r"<VirtualHost\s+([^>]*)>", re.IGNORECASE)
_END = re.compile(r"</VirtualHost>", re.IGNORECASE)
_PLACE = re.compile(r"(\[[0-9a-fA-F:.]*\]|[^:\s]*):([0-9]{1,5})")
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_HTTPS_PORT = 443


def web_servers(text: str) -> Iterator[WebServer]:
    """The virtual hosts of one file."""
    places: list[tuple[str, int]] = []
    names: list[str] = []
    tls: bool | None = None
    for line in map(str.strip, text.split("\n")):
        begun = _BEGIN.match(line)
        if begun:
            places, names, tls = list(_places(begun[1])), [], None
        elif _END.match(line):
            bindings = (
                Binding(host, port, port == _HTTPS_PORT if tls is None else tls) for host, port in places
            )
            yield WebServer("apache", tuple(names), tuple(bindings))
            places, names = [], []
        else:
            word, *rest = _words(line) or [""]
            if word.lower() in ("servername", "serveralias"):
                names += [_bare(name) for name in rest]
            elif word.lower() == "sslengine" and rest:
                tls = rest[0].lower() == "on"


def access_logs(text: str) -> Iterator[str]:
    """The files that the configuration names for access logs; pipes are passed over."""
    for line in text.split("\n"):
        words = _words(line.strip())
        if len(words) > 1 and words[0].lower() in ("customlog", "transferlog"):
            path = words[1]
            for variable, folder in _LOG_FOLDER.items():
                path = path.replace(variable, folder)
            yield path


def _places(text: str) -> Iterator[tuple[str, int]]:
    """`*:80`, `[::1]:443`, `_default_:443`; without a port it could be any."""
    for word in text.split():
        found = _PLACE.fullmatch(word)
        if found and int(found[2]) <= 65535:
            yield ("" if found[1] == "_default_" else found[1].strip("[]")), int(found[2])


def _words(line: str) -> list[str]:
    if line.startswith("#"):
        return []
    return [quoted or bare for quoted, bare in _WORD.findall(line)]


def _bare(name: str) -> str:
    """`https://shop.example:443` names shop.example."""
    return re.sub(r":\d+$", "", name.rpartition("//")[2])
