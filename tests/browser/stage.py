"""A daemon of which every page has something to show, most of it said by hostile outsiders."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alerting.connectors import email
from alerting.connectors.base import ConnectorType, Result, Setting
from alerting.messages import Desired, Known, Observed
from tests.agent.scenarios.street import street
from tests.agent.web.mailed import LEAD, ONE, URL, Mailed
from tests.agent.web.rig import Role
from tests.alerting.connectors.test_email import Moody
from tests.browser.hostile import JOB, Outside, outside, said
from tests.checks.mail.post_office import open_office
from tests.fakes import connector
from tests.fakes.helpdesk import Helpdesk
from tests.moving_clock import SECOND

TOKEN = "correct-horse-battery-9"
BUYER = "buyer@example.net"
MAPPING = {"key": "$.id", "title": "$.title", "text": "$.text", "state": "$.state", "labels": "$.labels"}


class Liar(connector.Fakedesk):
    """The fake helpdesk, which says that its tickets are at addresses that no page may lead to."""

    async def apply(self, desired: Desired, known: Known) -> Result:
        return _lying(await super().apply(desired, known))

    async def read(self, known: Known) -> Result:
        return _lying(await super().read(known))


def _lying(result: Result) -> Result:
    seen = result.observed
    return result if seen is None else replace(result, observed=_moved(seen))


def _moved(seen: Observed) -> Observed:
    return replace(seen, url="javascript:alert(1)//says-url", assignee=said("remote-assignee", 200))


def _liar(options: Any, setting: Setting) -> Liar:
    return Liar(options, setting)


LIAR = ConnectorType("liar", "a tracker for tests", connector.FakedeskOptions, _liar)


class Stage(Mailed):
    """`outside` is what is looked at, `desk` the other helpdesk."""

    connectors: Mapping[str, ConnectorType] = {email.TYPE.name: email.TYPE, LIAR.name: LIAR}
    outside: Outside
    desk: Helpdesk

    async def program(self, path: str, told: dict[str, Any]) -> None:
        """A program posts this, and it is taken."""
        async with self.client() as client:
            client.cookies.clear()
            answer = await client.post(path, headers={"authorization": f"Bearer {TOKEN}"}, json=told)
            assert answer.status_code < 300, answer.text

    @property
    def csrf(self) -> str:
        """What the forms of whoever asks carry."""
        assert self.who is not None
        return self.who.csrf

    def sent(self, to: str, kind: str) -> str:
        """The path of the latest link of that kind (`/a/`, `/t/`) in the mails to that address."""
        return str(re.findall(rf"{URL}({kind}\S+)", "".join(self.texts(to)))[-1])

    async def do(self, command: str, **arguments: Any) -> Any:
        """As the command does, under the agent's name."""
        return await self.app.commands.answer(command, arguments, "one")

    async def ask(self, verb: str, **arguments: Any) -> Any:
        """Of the desk."""
        return await self.do("desk", verb=verb, arguments=arguments)


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    """Everything has happened; an admin asks."""
    services: dict[str, Any]
    async with AsyncExitStack() as stack:
        town = stack.enter_context(street())
        desk = Helpdesk()
        desk.open()
        stack.callback(desk.close)
        office = Moody()
        await stack.enter_async_context(open_office(office))
        found, checks = await stack.enter_async_context(outside(directory))
        looked_at = {f"s-{name}": {name: check} for name, check in checks.items()}
        looked_at |= {name: {"site": town.check(name)} for name in ("shop", "mail")}
        services = {
            name: {"title": f"The {name}", "team": "web", "checks": each} for name, each in looked_at.items()
        }
        made = Stage(directory, services, **_sections(directory, office.port, desk))
        made.town, made.office, made.outside, made.desk = town, office, found, desk
        await stack.enter_async_context(made)
        await made.as_(Role.ADMIN, "one")
        await _played(made)
        yield made


def _sections(directory: Path, mail: int, desk: Helpdesk) -> dict[str, Any]:
    post = {"type": "email", "from": "tocsin@example.org", "server": f"127.0.0.1:{mail}", "tls": "none"}
    (directory / "token").write_text(TOKEN, encoding="utf-8")
    (directory / "token").chmod(0o600)
    token = f"${{file:{directory / 'token'}}}"
    own = {
        "id": "test",
        "listen": "127.0.0.1:0",
        "state_dir": str(directory / "state"),
        "changes_token": token,
    }
    members = [{"name": "Agent One", "login": "one", "email": ONE}, {"name": "Agent Two", "login": "two"}]
    return {
        "agent": own,
        "teams": {"web": {"title": "Web team", "members": members, "lead": LEAD}},
        "desk": {"url": URL, "token": token},
        "channels": {"post": post},
        "helpdesks": {"other": {"type": "liar", "url": desk.url, "token": desk.token, "poll_every": "1m"}},
        "defaults": {"watch_for": "30s", "burn": False},
        "routes": [{"send_to": ["other"]}],
        "inbound": {"any": {"type": "generic", "token": token, "mapping": MAPPING}},
        "vendors": {"hoster": {"contact": "noc@example.org", "expected": "2d"}},
        "status_pages": {"public": {"title": "Our services", "services": ["shop", "mail", "s-web"]}},
    }  # fmt: skip


async def _played(there: Stage) -> None:
    """A bad morning."""
    await there.advance(61)
    change = {
        "service": "s-web",
        "version": said("version", 100),
        "text": said("change", 500),
        "by": said("by", 100),
    }
    await there.program("/api/v1/changes", change)
    async with there.client() as client:
        assert (
            await client.post(f"/api/v1/heartbeat/{JOB}/fail", content=said("job").encode())
        ).status_code == 200
    there.outside.turn(there.clock.now() / SECOND)
    there.town.broken.update({"shop", "mail"})
    await there.advance(90)
    await _reported(there)
    there.town.broken.discard("mail")
    await there.advance(61)
    _remarked(there.desk)
    await there.advance(61)
    await _worked_on(there)
    await _planned(there)
    await _let_in(there)
    await there.advance(31)


async def _reported(there: Stage) -> None:
    """By programs, and by somebody with a hostile name."""
    alert = {"id": "1", "title": said("alert", 200), "text": said("alert-text"), "state": "firing"}
    await there.program("/api/v1/inbound/any", {**alert, "labels": {"host": said("label", 100)}})
    reporter = {
        name: said(f"reporter-{name}", 150) for name in ("name", "phone", "account", "level", "user_id")
    }
    name = "says-file ' data-injected onmouseover=alert(1) {{ person.csrf }} &lt;script&gt;.txt"
    await there.program("/api/v1/tickets", {
        "title": said("title", 200), "description": said("description"), "service": "shop",
        "reporter": {**reporter, "email": BUYER}, "fields": {"workaround": said("field", 300)},
        "attachments": [{"name": name, "content": base64.b64encode(b"<script>alert(1)</script>\n").decode()}],
    })  # fmt: skip


def _remarked(desk: Helpdesk) -> None:
    """What people, or whoever may write there, said in the other helpdesk."""
    for number in desk.tickets:
        desk.human("comment", number, by=said("remark-by", 100), text=said("remark"))


async def _worked_on(there: Stage) -> None:
    """All that people do to a ticket; its reporter answers by the link of the mail."""
    ticket = next(each.number for each in there.app.pipeline.world.tickets.values() if each.channel == "api")
    other, waiting = [await _called(there, title) for title in ("Cannot pay", said("waiting", 200))]
    for verb, more in _ACTS:
        await there.ask(verb, ticket=ticket, **more)
    await there.ask("tickets.link", ticket=ticket, other=other, relation="related")
    for each in (ticket, other):
        await there.ask("tickets.take", ticket=each)
    await there.ask("tickets.message", ticket=other, text=said("reply"), from_reporter=True)
    await there.ask("tickets.resolve", ticket=other, note="made room on the disk")
    await there.advance(61)
    answer = await there.post(
        there.sent(BUYER, "/t/"), {"mended": "no", "comment": said("answer")}, origin="null"
    )
    assert answer.status_code == 200, answer.text
    await there.ask("tickets.resolve", ticket=waiting, note=said("resolution"))
    await there.advance(61)


async def _called(there: Stage, title: str) -> int:
    """The number of a new ticket of somebody who called."""
    told = {"title": title, "service": "shop", "reporter": {"name": "Buyer", "email": BUYER}}
    return int((await there.ask("tickets.open", **told))["id"][2:])


_ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("tickets.note", {"text": said("note")}),
    ("tickets.message", {"text": "We are on it."}),
    ("tickets.set", {"changes": {"next_step": said("next", 300)}}),
    ("tickets.task", {"action": "add", "text": said("task", 300), "owner": "Agent Two"}),
    ("tickets.watch", {"person": "watcher@example.org"}),
    ("tickets.escalate", {"reason": said("reason", 300)}),
    ("tickets.rca", {"cause": said("cause", 300), "factors": [said("factor", 300)]}),
    ("tickets.vendor", {"to": "hoster", "reference": said("reference", 100)}),
)


async def _planned(there: Stage) -> None:
    """Work that is over, runs and comes; a silence, a pause, a view that is kept."""
    now, hour = there.clock.now(), 3600 * SECOND
    for reason, start in (("disk", 1), ("move", 20)):
        told = {"names": ["s-dns"], "start": now + start * hour, "end": now + (start + 1) * hour}
        await there.do("maintenance.add", **told, reason=f"{reason} {said('plan', 300)}")
    await there.do("silence.add", names=["s-line"], lasts=3600.0, reason=said("silence", 300))
    await there.do("pause", names=["s-named"], lasts=3600.0, reason=said("pause", 300))
    await there.do("views.save", name=said("view", 60), query="tab=open", shared=True)


async def _let_in(there: Stage) -> None:
    """Somebody new, a program, and somebody who does not come in."""
    await there.do("users.add", name="new", role="viewer", teams=["web"])
    await there.do("tokens.add", name="robot", scope="look")
    tried = {"name": said("who", 80), "password": "wrong"}
    assert (await there.post("/sign-in", tried)).status_code == 403
