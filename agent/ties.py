"""Ties: what checks share with others, by label, so that they may well fail together."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from agent.memory import Address
from config.models import Check, Config, Service

HOST = "host"


def ties_of(config: Config) -> dict[Address, tuple[str, ...]]:
    """By check, as `host=web-01`; checks without any are left out."""
    by = config.incidents.storm.by
    found = {
        (service.name, check.name): tuple(_ties(service, check, by))
        for service in config.services.values()
        for check in service.checks.values()
    }
    return {address: ties for address, ties in found.items() if ties}


def tied(ties: Mapping[Address, tuple[str, ...]]) -> dict[str, tuple[Address, ...]]:
    """The checks by what they share."""
    found: dict[str, list[Address]] = {}
    for address, labels in ties.items():
        for label in labels:
            found.setdefault(label, []).append(address)
    return {label: tuple(addresses) for label, addresses in found.items()}


def _ties(service: Service, check: Check, by: tuple[str, ...]) -> list[str]:
    labels = {**service.labels, **check.labels}
    found = [f"{name}={labels[name]}" for name in by if name in labels]
    if HOST in by and HOST not in labels and (host := target_host(check)):
        found.append(f"{HOST}={host}")
    return found


def target_host(check: Check) -> str:
    """The host that the check looks at; empty where there is none, or it is this one."""
    url, host = getattr(check.spec, "url", None), getattr(check.spec, "host", None)
    named = host if isinstance(host, str) else ""
    if not named and isinstance(url, str):
        try:
            named = urlsplit(url).hostname or ""
        except ValueError:
            return ""
    return "" if _is_here(named) else named.lower()


def _is_here(host: str) -> bool:
    if host.rstrip(".").lower() in ("", "localhost") or host.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
