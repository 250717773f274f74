"""POP3: does the mail server greet, take a login, and count the mails?

Without `auth` the look ends after greeting, capabilities and TLS. With it the server is logged in to, and the
mails are counted; none is fetched or deleted. A login that is refused has the error kind `auth`; one that
the server is for the moment unable to decide, or a mailbox that another holds open, has not.

`starttls` is what POP3 calls STLS; a server that does not offer it is down, for somebody on the way may have
removed the offer. Passwords go over TLS alone, unless `plain_login` allows otherwise.
"""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

from checks.base import Context, ErrorKind, Kind, Observation, Value
from checks.line_server import VALUES, LineServerSpec, Talk, observed
from checks.starttls import StartTls

_ANSWER = re.compile(r"(\+OK|-ERR)(?: (.*))?")
_STAT = re.compile(r"([0-9]{1,12}) ([0-9]{1,18})(?: .*)?")
_LATER = ("[IN-USE]", "[SYS/TEMP]", "[LOGIN-DELAY]", "[SYS/PERM]")


class Pop3Spec(LineServerSpec):
    """Which server."""

    protocol: ClassVar[StartTls] = "pop3"
    ports: ClassVar[tuple[int, int]] = (110, 995)


async def probe(spec: Pop3Spec, context: Context) -> Observation:
    """Connect, greet, log in and count, as far as asked to."""
    return await observed(spec, context, _converse)


async def _converse(talk: Talk) -> None:
    since = asyncio.get_running_loop().time()
    good, said = await _answer(talk, "greeting")
    talk.heard(said, since)
    if not good:
        raise talk.dialogue.refused("service", said)
    capabilities = await _capabilities(talk)
    if talk.spec.starttls:
        await _starttls(talk, capabilities)
        await _capabilities(talk)
    if talk.spec.auth is not None:
        await talk.logged_in(lambda user, password: _login(talk, user, password))
        await _count(talk)
    await talk.end("QUIT")


async def _answer(talk: Talk, awaited: str) -> tuple[bool, str]:
    """Whether the server says yes, and what it says beside."""
    line = await talk.dialogue.line(awaited)
    found = _ANSWER.fullmatch(line)
    if found is None:
        raise talk.dialogue.garbage(awaited, line)
    return found[1] == "+OK", found[2] or ""


async def _asked(talk: Talk, command: str, what: str) -> tuple[bool, str]:
    await talk.dialogue.say(command)
    return await _answer(talk, f"answer to {what}")


async def _capabilities(talk: Talk) -> list[str]:
    """The lines up to the one that is a dot (RFC 2449); servers that know no CAPA tell nothing."""
    good, _ = await _asked(talk, "CAPA", "CAPA")
    found: list[str] = []
    while good and (line := await talk.dialogue.line("end of the capabilities")) != ".":
        found.append(line.removeprefix("."))
    if good:
        talk.capable(found)
    return found


async def _starttls(talk: Talk, capabilities: list[str]) -> None:
    if not any(each.upper().split()[:1] == ["STLS"] for each in capabilities):
        raise talk.not_offered("STLS", capabilities)
    good, said = await _asked(talk, "STLS", "STLS")
    if not good:
        raise talk.dialogue.refused("STLS", said, ErrorKind.TLS)
    await talk.turn_to_tls()


async def _login(talk: Talk, user: str, password: str) -> None:
    good, said = await _asked(talk, f"USER {user}", "USER")
    if good:
        good, said = await _asked(talk, f"PASS {password}", "the login")
    if not good:
        kind = ErrorKind.STATUS if said.upper().startswith(_LATER) else ErrorKind.AUTH
        raise talk.dialogue.refused(f"the login of {user}", said, kind)


async def _count(talk: Talk) -> None:
    good, said = await _asked(talk, "STAT", "STAT")
    if not good:
        raise talk.dialogue.refused("to count the mails", said)
    found = _STAT.fullmatch(said)
    if found is None:
        raise talk.dialogue.garbage("count of the mails", said)
    talk.look.values["messages"] = int(found[1])
    talk.look.values["size"] = int(found[2])


KIND = Kind(
    name="pop3",
    summary="talks to a mail server by POP3: greeting, capabilities, TLS, login, number of mails",
    spec=Pop3Spec,
    probe=probe,
    values=(
        *VALUES,
        Value("messages", "", "how many mails wait", least=0, whole=True),
        Value("size", "bytes", "how large they are together"),
    ),
    counts_for_uptime=True,
    degraded="cert_days < 14",
    example=(
        "type: pop3\nhost: mail.example.org\ntls: true\n"
        "auth: {user: probe@example.org, password: '${credential:mail-probe}'}\n"
        "degraded: cert_days < 14 or messages > 1000\n"
    ),
)
