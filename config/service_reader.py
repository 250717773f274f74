"""One service as written -> complete: templates laid under it, defaults applied, its checks read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from config.check_reader import CheckReader
from config.friendly import nearest, shown
from config.models import Check, Defaults, Service, ServiceOptions
from config.places import Block, Where, laid_over
from config.reader import Reader, good_id

SHARE = re.compile(r"([0-9]{1,6})\s+of\s+([0-9]{1,6})")
_MERGED = ("checks", "labels", "uptime")
_NOT_YET = "is not acted upon yet: it is looked at all the time"


class ServiceReader:
    """Reads services; mistakes are noted, and what can be read is read."""

    def __init__(self, reader: Reader, checks: CheckReader, defaults: Defaults) -> None:
        self.reader, self.sources = reader, reader.sources
        self.checks, self.defaults = checks, defaults

    def read(self, name: str, block: Any) -> Service | None:
        """The service, or None when its block is none."""
        where: Where = ("services", name)
        merged = self._with_templates(block, where)
        if isinstance(merged, Block) and merged is not block:
            # Places are looked up in the tree: let it hold what the templates add.
            self.sources.tree["services"][name] = merged
        options = self.reader.model(ServiceOptions, _without_checks(merged), where)
        if options is None:
            return None
        self._check_down_when(options.down_when, where)
        if options.active is not None:
            self.sources.warn((*where, "active"), _NOT_YET)
        checks = self._checks(merged.get("checks") if isinstance(merged, dict) else None, name, options)
        return self._complete(name, options, checks)

    def _complete(self, name: str, options: ServiceOptions, checks: Mapping[str, Check]) -> Service:
        defaults = self.defaults
        return Service(
            name=name,
            title=options.title or name,
            criticality=options.criticality or defaults.criticality,
            team=options.team,
            policy=options.policy,
            target=defaults.target if options.target is None else options.target,
            uptime=options.uptime,
            down_when=options.down_when,
            depends_on=options.depends_on,
            labels=options.labels,
            environment=options.environment,
            watch_for=defaults.watch_for,
            reopen_within=defaults.reopen_within,
            checks=checks,
        )

    def _checks(self, blocks: Any, service: str, options: ServiceOptions) -> dict[str, Check]:
        """The checks that run. Those that are disabled are read as well: their mistakes are mistakes."""
        where: Where = ("services", service, "checks")
        if blocks is None:
            blocks = {}
        if not isinstance(blocks, dict):
            self.sources.blame(where, f"expected a mapping of checks by id, got {shown(blocks)}")
            return {}
        found = {}
        for name, block in blocks.items():
            good_id(self.sources, (*where, name))
            check = self.checks.read(service, name, block)
            if check is not None and options.disabled is None:
                found[name] = check
        if not blocks and options.disabled is None:
            self.sources.warn(where[:-1], "has no check: its uptime stays unknown", "add checks:", key=True)
        return found

    def _with_templates(self, block: Any, where: Where) -> Any:
        """The service's block laid over the blocks it uses: its own words win, checks are merged by id."""
        if not isinstance(block, dict) or not block.get("use"):
            return block
        templates = self.sources.tree.get("templates")
        known = templates if isinstance(templates, dict) else {}
        used = block["use"] if isinstance(block["use"], list) else [block["use"]]
        merged: Mapping[str, Any] = Block()
        for number, name in enumerate(used):
            template = known.get(name) if isinstance(name, str) else None
            place = (*where, "use", number) if isinstance(block["use"], list) else (*where, "use")
            if isinstance(template, dict):
                merged = _over(merged, template)
            elif name in known:
                self.sources.blame(("templates", name), f"expected a mapping, got {shown(template)}")
            else:
                self.sources.blame(place, f"no template is called {shown(name)}", nearest(str(name), known))
        return _over(merged, block)

    def _check_down_when(self, text: str, where: Where) -> None:
        share = SHARE.fullmatch(text)
        if text not in ("any", "all") and not (share and 1 <= int(share[1]) <= int(share[2])):
            self.sources.blame(
                (*where, "down_when"), f'expected any, all or a share like "2 of 3", got {shown(text)}'
            )


def _without_checks(block: Any) -> Any:
    """Checks are read one by one, each with the options of its kind."""
    if not isinstance(block, dict) or "checks" not in block:
        return block
    return {key: value for key, value in block.items() if key != "checks"}


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Block:
    """The upper block wins; in mappings that both have, entry by entry, and within a check option by option."""
    merged = laid_over(below, above)
    for key in _MERGED:
        lower, upper = below.get(key), above.get(key)
        if isinstance(lower, dict) and isinstance(upper, dict):
            merged[key] = laid_over(lower, upper)
            if key == "checks":
                _merge_checks(merged[key], lower, upper)
        elif upper is None and lower is not None:
            merged[key] = lower
    return merged


def _merge_checks(merged: Block, below: Mapping[str, Any], above: Mapping[str, Any]) -> None:
    for name, lower in below.items():
        upper = above.get(name)
        if isinstance(lower, dict) and isinstance(upper, dict):
            same_kind = upper.get("type") in (None, lower.get("type"))
            merged[name] = laid_over(lower, upper) if same_kind else upper
