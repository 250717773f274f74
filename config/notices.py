"""Which channel the desk tells people things by, and mistakes in what channels are used for."""

from __future__ import annotations

from collections.abc import Callable, Collection

from config.friendly import shown
from config.models import Config, Helpdesk
from config.places import Where
from config.sources import Sources

Known = Callable[[Where, str | None, Collection[str], str], None]


def notices_channel(config: Config) -> str:
    """The one that is named, else the only one that can; empty for none."""
    able = _able(config)
    named = config.desk.notices
    if named is not None:
        return named if named in able else ""
    return able[0] if len(able) == 1 else ""


def look_at_notices(sources: Sources, config: Config, known: Known, targets: Collection[str]) -> None:
    """Note mistakes and warnings in `sources`; `known` notes a name that is not among the `targets`."""
    named, able = config.desk.notices, _able(config)
    known(("desk", "notices"), named, targets, "helpdesk or channel")
    if named in config.helpdesks and named not in able:
        message = f"{shown(named)} cannot tell people anything: it takes tickets only"
        sources.blame(("desk", "notices"), message, _choice(able))
    if named is None and len(able) > 1:
        message = "several channels can tell people something, and none of them is chosen: nobody is told"
        sources.warn(("channels",), message, _choice(able), key=True)
    if not able and named is None and _expects_notices(config):
        hint = "add one under channels:, such as {type: email, from: …, server: …}"
        sources.warn(("policies",), "nobody is told of anything: no channel can tell people", hint, key=True)
    known(("agent", "emergency"), config.agent.emergency, targets, "helpdesk or channel")
    _look_at_emergency(sources, config)
    for name, helpdesk in config.helpdesks.items():
        unwise = getattr(helpdesk.own, "unwise", "")
        if unwise:
            sources.warn((_section(sources, name), name), unwise, key=True)
    _look_at_routes(sources, config)


def _look_at_emergency(sources: Sources, config: Config) -> None:
    name = config.agent.emergency
    helpdesk = config.helpdesks.get(name or "")
    if name is not None and helpdesk is not None and not getattr(helpdesk.own, "takes_tickets", True):
        hint = f"add to: [one@example.org] to {_section(sources, name)}.{name}"
        sources.blame(("agent", "emergency"), f"{shown(name)} does not say whom to tell", hint)


def _look_at_routes(sources: Sources, config: Config) -> None:
    for number, route in enumerate(config.routes):
        named = [("send_to", place, name) for place, name in enumerate(route.send_to)]
        named += [("fallback", place, name) for place, name in enumerate(route.fallback)]
        for option, place, name in named:
            helpdesk = config.helpdesks.get(name)
            if helpdesk is not None and not getattr(helpdesk.own, "takes_tickets", True):
                message = f"{shown(name)} does not say who gets the tickets"
                hint = f"add to: [one@example.org] to {_section(sources, name)}.{name}"
                sources.blame(("routes", number, option, place), message, hint)


def _able(config: Config) -> list[str]:
    return [name for name, helpdesk in config.helpdesks.items() if _tells_people(helpdesk)]


def _tells_people(helpdesk: Helpdesk) -> bool:
    return bool(getattr(helpdesk.own, "tells_people", False))


def _choice(able: list[str]) -> str | None:
    return f"such as desk: {{notices: {able[0]}}}" if able else None


def _expects_notices(config: Config) -> bool:
    """Whether services are under policies that tell somebody something."""
    return any(service.policy for service in config.services.values())


def _section(sources: Sources, name: str) -> str:
    channels = sources.tree.get("channels")
    return "channels" if isinstance(channels, dict) and name in channels else "helpdesks"
