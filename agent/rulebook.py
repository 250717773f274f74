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
    `was` are the earlier names of a check, `heirs` the way back: who has a name now that is no check's any more.
    `disabled` are the checks that are configured but do not run, each with its reason.
    """

    agent: str
    services: Mapping[str, Service]
    checks: Mapping[Address, Check]
    state_specs: Mapping[Address, StateSpec]
    fingerprints: Mapping[Address, str]
    down_when: Mapping[str, DownWhen]
    counting: Mapping[str, tuple[Address, ...]]
    members: Mapping[str, tuple[Address, ...]]
    was: Mapping[Address, tuple[Address, ...]]
    heirs: Mapping[Address, Address]
    disabled: Mapping[Address, str]

    @classmethod
    def of(cls, config: Config, before: Rulebook | None = None) -> Rulebook:
        """`before` are the rules in force so far: a check that ran already is no heir of what ran beside it."""
        checks = {(check.service, check.name): check for check in config.checks()}
        was = {address: check.earlier for address, check in checks.items() if check.was}
        return cls(
            agent=config.agent.id,
            services=config.services,
            checks=checks,
            state_specs={address: state_spec(check) for address, check in checks.items()},
            fingerprints={address: fingerprint(check) for address, check in checks.items()},
            down_when={name: DownWhen.parse(service.down_when) for name, service in config.services.items()},
            counting={
                name: tuple((name, each.name) for each in service.checks.values() if each.counts_for_uptime)
                for name, service in config.services.items()
            },
            members={
                name: tuple((name, each.name) for each in service.checks.values())
                for name, service in config.services.items()
            },
            was=was,
            heirs={
                old: new
                for new, names in was.items()
                for old in names
                if before is None or new not in before.checks or before.heirs.get(old) == new
            },
            disabled={
                (name, check): reason
                for name, service in config.services.items()
                for check, reason in service.disabled.items()
            },
        )


def state_spec(check: Check) -> StateSpec:
    """How this check's flips are confirmed."""
    holds = (_hold(check.degraded), _hold(check.down))
    return StateSpec(check.confirm, check.recover, holds, check.valid_for)


def _hold(conditions: tuple[Condition, ...]) -> Hold | None:
    return next((condition.must_hold for condition in conditions if condition.must_hold), None)


def fingerprint(check: Check) -> str:
    """Of a check's kind and options. Secrets show as `***` in it, so that a rotated one changes nothing."""
    return hashlib.sha256(f"{check.kind} {check.spec!r}".encode()).hexdigest()[:16]
