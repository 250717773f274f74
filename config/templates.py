"""`use:`: the named blocks of templates: laid under what uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.friendly import nearest, shown
from config.places import Block, Where, laid_over
from config.sources import Sources

MAX_CHAIN = 20
_MERGED = ("checks", "labels", "uptime")


class Templates:
    """The templates of all files; a service, a check, or another template starts from them.

    `used` are those that a service or check has asked for, by itself or through another template.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        known = sources.tree.get("templates")
        self.known: Mapping[str, Any] = known if isinstance(known, dict) else {}
        self._whole: dict[str, Mapping[str, Any]] = {}
        self.used: set[str] = set()

    def laid_under(self, block: Any, where: Where) -> Any:
        """The block of a service or check over all it uses: its own words win. Mistakes are noted."""
        return self._over_used(block, where, ())

    def _over_used(self, block: Any, where: Where, chain: tuple[str, ...]) -> Any:
        if not isinstance(block, dict):
            return block
        own = self._with_checks(block, where, chain)
        if not own.get("use"):
            return own
        merged: Mapping[str, Any] = Block()
        names = own["use"] if isinstance(own["use"], list) else [own["use"]]
        for number, name in enumerate(names):
            merged = self._over(merged, self._template(name, (*where, "use", number), chain), where)
        return self._over(merged, own, where)

    def _with_checks(
        self, block: Mapping[str, Any], where: Where, chain: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """The block with each of its checks over what that check uses."""
        checks = block.get("checks")
        if not isinstance(checks, dict):
            return block
        asking = [name for name, check in checks.items() if isinstance(check, dict) and check.get("use")]
        if not asking:
            return block
        whole, all_checks = laid_over({}, block), laid_over({}, checks)
        for name in asking:
            all_checks[name] = self._over_used(checks[name], (*where, "checks", name), chain)
        whole["checks"] = all_checks
        return whole

    def _template(self, name: Any, where: Where, chain: tuple[str, ...]) -> Mapping[str, Any]:
        """The template with those that it uses itself under it; what is wrong is noted, and left out."""
        if not isinstance(name, str) or name not in self.known:
            self.sources.blame(where, f"no template is called {shown(name)}", nearest(str(name), self.known))
        elif name in chain:
            circle = " -> ".join((*chain[chain.index(name) :], name))
            self.sources.blame(where, f"uses itself: {circle}", "break the circle")
        elif len(chain) >= MAX_CHAIN:
            self.sources.blame(where, f"more than {MAX_CHAIN} templates use one another in a row")
        else:
            self.used.add(name)
            if name not in self._whole:
                self._whole[name] = self._read(name, chain)
            return self._whole[name]
        return Block()

    def _read(self, name: str, chain: tuple[str, ...]) -> Mapping[str, Any]:
        where, template = ("templates", name), self.known[name]
        if template is None:
            return Block()
        if isinstance(template, dict):
            whole: Mapping[str, Any] = self._over_used(template, where, (*chain, name))
            return whole
        self.sources.blame(where, f"expected a mapping, got {shown(template)}")
        return Block()

    def _over(self, below: Mapping[str, Any], above: Mapping[str, Any], where: Where) -> Block:
        """The upper block wins; in mappings that both have, entry by entry, in a check option by option."""
        merged = laid_over(below, above)
        for key in _MERGED:
            lower, upper = below.get(key), above.get(key)
            if isinstance(lower, dict) and isinstance(upper, dict):
                merged[key] = laid_over(lower, upper)
                if key == "checks":
                    self._merge_checks(merged[key], lower, where)
            elif upper is None and lower is not None:
                merged[key] = lower
        checks = merged.get("checks")
        self.sources.make(len(merged) + (len(checks) if isinstance(checks, dict) else 0), where)
        return merged

    def _merge_checks(self, checks: Block, below: Mapping[str, Any], where: Where) -> None:
        for name, lower in below.items():
            upper = checks[name]
            if upper is lower or not (isinstance(lower, dict) and isinstance(upper, dict)):
                continue
            if upper.get("type") in (None, lower.get("type")):  # a check of another kind starts afresh
                checks[name] = self._over(lower, upper, where)
