"""One service over its templates -> complete: defaults applied, its checks read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config.check_reader import CheckReader
from config.friendly import list_hint, shown
from config.models import ITSELF, Check, Defaults, Service, ServiceOptions, UptimeConfig
from config.moments import moment_of
from config.places import Where
from config.reader import Reader, good_id

ALL_DAY = "24x7"
SHARE = re.compile(r"([0-9]{1,6})\s+of\s+([0-9]{1,6})")


class ServiceReader:
    """Reads services; mistakes are noted, and what can be read is read. Days are those of `zone`."""

    def __init__(self, reader: Reader, checks: CheckReader, defaults: Defaults, zone: str) -> None:
        self.reader, self.sources = reader, reader.sources
        self.checks, self.defaults, self.zone = checks, defaults, zone

    def read(self, name: str, block: Any) -> Service | None:
        """The service, or None when its block is none."""
        where: Where = ("services", name)
        mistakes = len(self.sources.problems)
        options = self.reader.model(ServiceOptions, _without_checks(block), where)
        if options is None:
            return None
        self._check_down_when(options.down_when, where)
        blocks = block.get("checks") if isinstance(block, dict) else None
        checks = self._checks(blocks, name, options)
        if (
            not blocks
            and name != ITSELF
            and options.disabled is None
            and len(self.sources.problems) == mistakes
        ):
            self.sources.warn(where, "has no check: its uptime stays unknown", "add checks:", key=True)
        return self._complete(name, options, checks, blocks)

    def _complete(
        self, name: str, options: ServiceOptions, checks: Mapping[str, Check], blocks: Any
    ) -> Service:
        defaults, told = self.defaults, options.uptime
        hours = self.checks.calendar(None if told.hours == ALL_DAY else told.hours)
        begins = told.monitored_from
        return Service(
            name=name,
            title=options.title or name,
            criticality=options.criticality or defaults.criticality,
            team=options.team,
            policy=options.policy,
            ticket_targets=options.ticket_targets,
            target=defaults.target if options.target is None else options.target,
            uptime=self._uptime(options.uptime),
            down_when=options.down_when,
            depends_on=tuple(group.any_of for group in options.depends_on),
            labels=options.labels,
            environment=options.environment,
            watch_for=defaults.watch_for,
            reopen_within=defaults.reopen_within,
            checks=checks,
            disabled=_disabled(blocks, options),
            hours=next(iter(hours), None),
            monitored_from=None if begins is None else moment_of(begins, self.zone),
            vendor=options.vendor,
        )

    def _uptime(self, told: UptimeConfig) -> UptimeConfig:
        unsaid = told.burn is None and not self.defaults.burn
        return told.model_copy(update={"burn": False}) if unsaid else told

    def _checks(self, blocks: Any, service: str, options: ServiceOptions) -> dict[str, Check]:
        """The checks that run. Those that are disabled are read as well: their mistakes are mistakes."""
        where: Where = ("services", service, "checks")
        if blocks is None:
            blocks = {}
        if not isinstance(blocks, dict):
            self.sources.blame(
                where, f"expected a mapping of checks by id, got {shown(blocks)}", list_hint(blocks)
            )
            return {}
        if isinstance(blocks.get("type"), str):
            hint = "indent it below the id of its check"
            self.sources.blame((*where, "type"), "stands where the id of a check belongs", hint, key=True)
            return {}
        found = {}
        for name, block in blocks.items():
            good_id(self.sources, (*where, name))
            check = self.checks.read(block, (*where, name))
            if check is not None and options.disabled is None:
                found[name] = self._within(options.active, _as_its_service(options, check, block))
        return found

    def _within(self, active: str | None, check: Check) -> Check:
        """The check, looked at only while its service's calendar is open too."""
        hours = self.checks.calendar(active)
        return replace(check, active=tuple(dict.fromkeys((*hours, *check.active)))) if hours else check

    def _check_down_when(self, text: str, where: Where) -> None:
        share = SHARE.fullmatch(text)
        if text in ("any", "all") or (share and 1 <= int(share[1]) <= int(share[2])):
            return
        hint = f"did you mean {share[2]} of {share[1]}?" if share and int(share[2]) else None
        message = f'expected any, all or a share like "2 of 3", got {shown(text)}'
        self.sources.blame((*where, "down_when"), message, hint)


def _as_its_service(options: ServiceOptions, check: Check, block: Mapping[str, Any]) -> Check:
    """The check with what its service says, where it says nothing itself."""
    if options.blind_after is not None and block.get("blind_after") is None:
        check = replace(check, blind_after=options.blind_after)
    if options.flapping is not None and block.get("flapping") is None:
        check = replace(check, flapping=options.flapping.thresholds)
    return check


def _without_checks(block: Any) -> Any:
    """Checks are read one by one, each with the options of its kind."""
    if not isinstance(block, dict) or "checks" not in block:
        return block
    return {key: value for key, value in block.items() if key != "checks"}


def _disabled(blocks: Any, options: ServiceOptions) -> dict[str, str]:
    """The checks that do not run, each with the reason: its own, or that of the service."""
    reasons = {}
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        why = (block.get("disabled") if isinstance(block, dict) else None) or options.disabled
        if isinstance(why, str):
            reasons[name] = why
    return reasons
