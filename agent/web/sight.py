"""What somebody sees: services and tickets of their teams."""

from __future__ import annotations

from agent.access.person import Person
from alerting.desk.ticket import Ticket
from config.models import Config, Service


def seen_services(config: Config, person: Person) -> list[Service]:
    return [each for each in config.services.values() if person.sees(each.team)]


def seen_service(config: Config, person: Person, name: str) -> Service | None:
    """None where it is not there, or not theirs: they are told the same."""
    found = config.services.get(name)
    return found if found is not None and person.sees(found.team) else None


def sees_about(config: Config, person: Person, service: str) -> bool:
    """Whether they see what is about the service; what is about none, or one that is gone, only who sees all."""
    found = config.services.get(service)
    return person.sees(found.team if found is not None else None)


def sees_ticket(config: Config, person: Person, ticket: Ticket) -> bool:
    """Whether it is their team's, or about a service of theirs."""
    return person.sees(ticket.team) or sees_about(config, person, ticket.service)
