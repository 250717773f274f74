"""Services as written -> services as they are read: over their templates, and one for each target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.making import KEYS, Maker, has_targets, without_targets
from config.places import Block, Where, laid_over
from config.sources import Sources
from config.templates import Templates

_TWO_MEANINGS = "the service has targets as well, and ${target} can only mean one of them"


def expand(blocks: Mapping[str, Any], sources: Sources, templates: Templates) -> dict[str, Any]:
    """The blocks of services to be read, by name; the tree of `sources` then holds them too.

    Those of targets that cannot be filled in are noted, and left out.
    """
    if not blocks:
        return {}
    return _Expansion(sources, templates).services(blocks)


class _Expansion:
    def __init__(self, sources: Sources, templates: Templates) -> None:
        self.sources, self.templates, self.maker = sources, templates, Maker(sources)

    def services(self, blocks: Mapping[str, Any]) -> dict[str, Any]:
        written, made, ready = self.sources.tree["services"], Block(), {}
        for name, block in blocks.items():
            # Places are looked up in the tree: let it hold what the templates add.
            written[name] = self.templates.laid_under(block, ("services", name))
        taken = dict.fromkeys(blocks, "")
        for name in blocks:
            for each, block in self._of_service(name, written[name], taken):
                made.write(each, block, written.places.get(name))  # known by name even when it cannot be read
                if block is not None or not has_targets(written[name]):
                    ready[each] = block
        self.sources.tree["services"] = made
        return ready

    def _of_service(self, name: str, block: Any, taken: dict[str, str]) -> Iterator[tuple[str, Any]]:
        where: Where = ("services", name)
        if not has_targets(block):
            yield name, self._with_checks(block, where)
            return
        before = len(taken)
        yield from self.maker.each(self._without_inner_targets(block, where), where, taken)
        self.sources.groups[name] = tuple(taken)[before:]

    def _with_checks(self, block: Any, where: Where) -> Any:
        """The service's block with one check for each target of a check that has some."""
        checks = block.get("checks") if isinstance(block, dict) else None
        if not isinstance(checks, Block):
            checks = Block()
        self.sources.make(0, where, things=1 + len(checks))
        if not any(has_targets(check) for check in checks.values()):
            return block
        made, taken = Block(), dict.fromkeys(checks, "")
        for name, check in checks.items():
            for each, content in self._of_check(check, (*where, "checks", name), taken):
                if content is not None or not has_targets(check):
                    made.write(each, content, checks.places.get(name))
        whole = laid_over({}, block)
        whole["checks"] = made
        return whole

    def _of_check(self, check: Any, where: Where, taken: dict[str, str]) -> Iterator[tuple[str, Any]]:
        if not has_targets(check):
            yield str(where[-1]), check
            return
        before = len(taken)
        yield from self.maker.each(check, where, taken)
        names = tuple(f"{where[1]}.{each}" for each in tuple(taken)[before:])
        self.sources.groups[f"{where[1]}.{where[-1]}"] = names

    def _without_inner_targets(self, block: Mapping[str, Any], where: Where) -> Mapping[str, Any]:
        """${target} would mean two things in a check with targets of a service with targets."""
        checks = block.get("checks")
        inner = (
            [name for name, check in checks.items() if has_targets(check)] if isinstance(checks, dict) else []
        )
        if not inner:
            return block
        whole, single = laid_over({}, block), laid_over({}, block["checks"])
        for name in inner:
            key = next(key for key in KEYS if single[name].get(key) is not None)
            place = (*where, "checks", name, key)
            self.sources.blame(place, _TWO_MEANINGS, "make two services of it", key=True)
            single[name] = without_targets(single[name])
        whole["checks"] = single
        return whole
