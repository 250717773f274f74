"""A proposal -> the text of a first configuration, with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from agent.survey.found import Host
from agent.survey.proposal import Options, Proposal, Proposed
from config.models import KindInfo

_PLAIN = re.compile(r"[A-Za-z0-9/^]([A-Za-z0-9 /_.@()>=+^-]*[A-Za-z0-9/_.()>=-])?")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?/")
_HEAD = """\
# Made by `tocsin init` from what was found on this host. It can be run as it stands;
# what you know better, change:
#
#   tocsin check               look once at everything in it, now
#   tocsin validate            name every mistake, with its line
#   tocsin checks show disk    options, values and built-in conditions of a kind
#
# Times are written 30s, 5m, 24h; sizes 10MiB, 5GB; shares 95%.

agent:
  # id: web-01                 # names this agent in every figure; default: the host's name
  timezone: {zone}
  listen: 127.0.0.1:9809       # /metrics for Prometheus, /-/healthy, /-/ready

# What a check uses when it says nothing itself.
defaults:
  every: 60s                   # from one look to the next
  timeout: 10s                 # a look that takes longer has failed
  confirm: 2                   # failing looks in a row before a ticket is opened
  recover: 2                   # good looks in a row before it is resolved
  target: 99%                  # the uptime you promise

# What people rely on, each with the checks that look at it. A check is degraded or down when its
# condition says so; your own `degraded:` or `down:` replaces the one built in. Of a service you may
# also say criticality: critical, high, medium (the default) or low.
services:
"""
_REMARKS = {"access_log": "its file may be for the group adm alone: usermod -aG adm tocsin"}


def starter(host: Host, found: Proposal, kinds: Mapping[str, KindInfo]) -> str:
    """The whole file. Built-in conditions are told from the kinds."""
    services = "\n".join(_service(service, kinds) for service in found.services)
    return _HEAD.replace("{zone}", host.zone) + services + "".join(_left_out(found))


def _service(service: Proposed, kinds: Mapping[str, KindInfo]) -> str:
    lines = [f"  # {service.remark}"] if service.remark else []
    lines += [f"  {service.name}:", f"    title: {_written(service.title)}", "    checks:"]
    told: set[str] = set()
    for name, options in {**service.checks, **_logs(service.logs)}.items():
        kind = str(options["type"])
        if kind not in told and not {"down", "degraded"} & set(options):
            lines += [f"      # {words}" for words in _built_in(kinds[kind])]
        if kind not in told and kind in _REMARKS:
            lines.append(f"      # {_REMARKS[kind]}")
        told.add(kind)
        lines.append(f"      {name}: {_in_braces(options)}")
    return "\n".join(lines) + "\n"


def _built_in(kind: KindInfo) -> Iterator[str]:
    for level, condition in (("down", kind.down), ("degraded", kind.degraded)):
        if condition:
            yield f"built in: {level}: {condition}"


def _in_braces(options: Options) -> str:
    return "{" + ", ".join(f"{name}: {_written(text)}" for name, text in options.items()) + "}"


def _written(text: str | Options) -> str:
    """Bare where YAML and people read it without doubt, else in quotes."""
    if not isinstance(text, str):
        return _in_braces(text)
    if _PLAIN.fullmatch(text) or _URL.fullmatch(text):
        return text
    if "\\" in text and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _logs(paths: Iterable[str]) -> dict[str, Options]:
    return {
        "log" if number == 1 else f"log-{number}": {"type": "access_log", "path": path}
        for number, path in enumerate(paths, 1)
    }


def _left_out(found: Proposal) -> Iterator[str]:
    if found.silent_sites:
        yield "\n  # In a web server's configuration, but nothing listens on their ports now:\n"
        yield from (f"  #   {name}\n" for name in found.silent_sites)
    if found.other_ports:
        yield "\n  # Listening as well. To look at one: {type: tcp, host: 127.0.0.1, port: …}\n"
        yield from (f"  #   {each.address} port {each.port}\n" for each in found.other_ports)
