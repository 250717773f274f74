"""The configuration in the form that decisions want, made once per load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from agent.memory import Address
from alerting.slo.spans import DownWhen
from alerting.state import StateSpec
from config.conditions import Condition, Hold
from config.models import Check, Config, Service


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Services and checks by name, and what is derived from each.

    `counting` are the checks that count for a service's uptime, `members` all of its checks. A
    `fingerprint` changes with a check's kind or options: what a probe remembered under another is not its own.
    """

    services: Mapping[str, Service]
    checks: Mapping[Address, Check]
    state_specs: Mapping[Address, StateSpec]
    fingerprints: Mapping[Address, str]
    down_when: Mapping[str, DownWhen]
    counting: Mapping[str, tuple[Address, ...]]
    members: Mapping[str, tuple[Address, ...]]

    @classmethod
    def of(cls, config: Config) -> Rulebook:
        checks = {(check.service, check.name): check for check in config.checks()}
        return cls(
            services=config.services,
            checks=checks,
            state_specs={address: state_spec(check) for address, check in checks.items()},
            fingerprints={address: _fingerprint(check) for address, check in checks.items()},
            down_when={name: DownWhen.parse(service.down_when) for name, service in config.services.items()},
            counting={
                name: tuple((name, each.name) for each in service.checks.values() if each.counts_for_uptime)
                for name, service in config.services.items()
            },
            members={
                name: tuple((name, each.name) for each in service.checks.values())
                for name, service in config.services.items()
            },
        )


def state_spec(check: Check) -> StateSpec:
    """How this check's flips are confirmed."""
    holds = (_hold(check.degraded), _hold(check.down))
    return StateSpec(check.confirm, check.recover, holds, check.valid_for)


def _hold(conditions: tuple[Condition, ...]) -> Hold | None:
    return next((condition.must_hold for condition in conditions if condition.must_hold), None)


def _fingerprint(check: Check) -> str:
    """Secrets show as `***` in it, so that a rotated one changes nothing."""
    return hashlib.sha256(f"{check.kind} {check.spec!r}".encode()).hexdigest()[:16]
