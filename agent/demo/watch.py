"""What the demo sees in the store, and says when it changes; it only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.demo.voice import Voice
from agent.store.reader import reading
from alerting.desk.ticket import Ticket
from config.models import Config
from config.units import show_duration

_SECOND = 1_000_000


class Watch:
    """Looks at the store now and then, and narrates what is new since the look before."""

    def __init__(self, config: Config, voice: Voice) -> None:
        self._agent, self._voice = config.agent, voice
        self._checks: dict[tuple[str, str], dict[str, Any]] = {}
        self._tickets: dict[int, Ticket] = {}

    def look(self) -> None:
        """Read the store once and say what changed."""
        with reading(Path(self._agent.state_dir), self._agent.id) as store:
            checks, tickets = store.checks(), store.tickets()
        for address, seen in checks.items():
            if seen["last"]:
                self._hear_check(".".join(address), self._checks.get(address), seen)
                self._checks[address] = seen
        for ticket in reversed(tickets):
            self._hear_ticket(self._tickets.get(ticket.number), ticket)
            self._tickets[ticket.number] = ticket

    def state(self, service: str, check: str) -> str | None:
        """The confirmed state of a check as last seen."""
        seen = self._checks.get((service, check))
        return seen["state"] if seen else None

    def tickets(self, service: str) -> list[Ticket]:
        """The tickets of a service as last seen, the oldest first."""
        return [ticket for _, ticket in sorted(self._tickets.items()) if ticket.service == service]

    def _hear_check(self, address: str, before: dict[str, Any] | None, seen: dict[str, Any]) -> None:
        state, last = seen["state"], seen["last"]
        status, message = last["status"], last["message"]
        if before is None and status == state:
            self._voice.say(f"{address} is {state}: {message}", state)
        elif before is not None and before["state"] != state:
            self._voice.say(f"{address} is {state}, confirmed: {message}", state)
        elif status != state and (before is None or before["last"]["at"] != last["at"]):
            self._voice.say(f"{address} seems {status}: {message}", status)

    def _hear_ticket(self, before: Ticket | None, ticket: Ticket) -> None:
        if before is None:
            due = ticket.due.get("resolve")
            left = f", due in {show_duration((due - ticket.opened_at) / _SECOND)}" if due else ""
            self._voice.say(f"ticket {ticket.id} is opened, severity {ticket.severity}{left}", "new")
            self._voice.quote([ticket.title, *filter(str.strip, ticket.description.split("\n"))])
        elif before.state is not ticket.state:
            self._voice.say(f"ticket {ticket.id} is {ticket.state}", ticket.state)
