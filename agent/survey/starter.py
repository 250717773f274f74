"""A proposal -> the text of a first configuration, with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from agent.survey.answers import Answers, tls_of
from agent.survey.found import Host
from agent.survey.proposal import Options, Proposal, Proposed
from checks.text import visible
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
{id}
  timezone: {zone}
{emergency}  listen: 127.0.0.1:9809       # pages, API, /metrics for Prometheus, /-/healthy, /-/ready

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
_NO_ID = "  # id: web-01                 # names this agent in every figure; default: the host's name"
_EMERGENCY = (
    "  emergency: mail              # told of outages while nothing can be stored, such as on a full disk\n"
)
_TOLD = """
# Who hears of it. A server that wants a login takes also: user: and password: ${credential:mail}
# (LoadCredential= in the unit). Other helpdesks: tocsin connectors
channels:
  mail: {type: email, from: {from}, to: {to}, server: {server}, tls: {tls}}
routes:
  - send_to: [mail]
"""
_NOT_TOLD = """
# Nobody hears of anything yet: tickets are only to be seen here. To be told by mail:
# channels:
#   mail: {type: email, from: tocsin@example.org, to: you@example.org, server: smtp.example.org}
# routes:
#   - send_to: [mail]
"""
_MOST_REMARKS = 20
_REMARKS = {"access_log": "its file may be for the group adm alone: usermod -aG adm tocsin"}


NOTHING_SAID = Answers()


def starter(
    host: Host, found: Proposal, kinds: Mapping[str, KindInfo], answers: Answers = NOTHING_SAID
) -> str:
    """The whole file. Built-in conditions are told from the kinds."""
    own = f"  id: {answers.name}" if answers.name else _NO_ID
    head = _HEAD.replace("{zone}", answers.zone or host.zone).replace("{id}", own)
    head = head.replace("{emergency}", _EMERGENCY if answers.mail else "")
    services = "\n".join(_service(service, kinds) for service in found.services)
    return head + services + "".join((*_left_out(found), *_not_read(host))) + _people(answers)


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


def _not_read(host: Host) -> Iterator[str]:
    if host.remarks:
        yield "\n  # Not looked at:\n"
        yield from (f"  #   {visible(remark)}\n" for remark in host.remarks[:_MOST_REMARKS])


def _people(answers: Answers) -> str:
    if not answers.mail:
        return _NOT_TOLD
    written = {
        "from": f"tocsin@{answers.mail.rpartition('@')[2]}",
        "to": answers.mail,
        "server": answers.server,
        "tls": tls_of(answers.server),
    }
    return re.sub(r"\{(from|to|server|tls)\}", lambda found: json.dumps(written[found[1]]), _TOLD)
