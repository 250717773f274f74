"""Templates that nobody uses: their mistakes are mistakes all the same, and what they lack is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from config.check_reader import CheckReader
from config.conditions import ConditionError, parse
from config.errors import one_line
from config.friendly import meant, shown
from config.models import CheckOptions, ServiceOptions
from config.places import Block, Where, laid_over
from config.reader import good_id
from config.targets import has_blanks
from config.templates import Templates

_SERVICE, _CHECK = frozenset(ServiceOptions.model_fields), frozenset(CheckOptions.model_fields)
_CONDITIONS = ("down", "degraded")


def look_at_unused(templates: Templates, checks: CheckReader) -> None:
    """Note what is wrong in them. `checks` takes what is lacking for no mistake."""
    unused = {name: block for name, block in templates.known.items() if name not in templates.used}
    for name, block in unused.items():
        templates.sources.make(0, ("templates", name), things=1)
        templates.laid_under(block, ("templates", name))
        _Unused(checks).look(block, ("templates", name))


class _Unused:
    def __init__(self, checks: CheckReader) -> None:
        self.checks, self.reader, self.sources = checks, checks.reader, checks.sources
        self.options = frozenset(name for kind in checks.kinds.values() for name in kind.spec.model_fields)

    def look(self, block: Any, where: Where) -> None:
        if block is None:
            return
        if not isinstance(block, dict):
            self.sources.blame(where, f"expected a mapping, got {shown(block)}")
        elif self._is_for_checks(block):
            self._check(block, where)
        else:
            inner = block.get("checks")
            self.reader.model(ServiceOptions, _readable(block, ("checks",)), where)
            for name, check in inner.items() if isinstance(inner, dict) else ():
                good_id(self.sources, (*where, "checks", name))
                self._check(check, (*where, "checks", name))

    def _is_for_checks(self, block: Mapping[str, Any]) -> bool:
        """A block for checks and one for services look alike: what has more of the words of one is that."""
        if "checks" in block:
            return False
        of_checks = sum(key in _CHECK or key in self.options for key in block)
        return "type" in block or of_checks > sum(key in _SERVICE for key in block)

    def _check(self, block: Any, where: Where) -> None:
        ready = _readable(block, ()) if isinstance(block, dict) else block
        if not isinstance(ready, dict) or "type" in ready:
            self.checks.read(ready, where)
            return
        self._known_keys(ready, {*_CHECK, *self.options}, where)
        envelope = {key: value for key, value in ready.items() if key in _CHECK}
        self.reader.model(CheckOptions, envelope, where)
        for key in _CONDITIONS:
            self._condition(ready.get(key), (*where, key))

    def _condition(self, text: Any, where: Where) -> None:
        """Without a kind any value may be meant: only how it is written can be wrong."""
        try:
            if isinstance(text, str):
                parse(text)
        except ConditionError as error:
            self.checks.note(error, text, where)

    def _known_keys(self, block: Mapping[str, Any], known: Collection[str], where: Where) -> None:
        for key in block:
            if key not in known:
                message = f'unknown key "{one_line(key, 60)}"'
                self.sources.blame((*where, key), message, meant(key, known), key=True)


def _readable(block: Mapping[str, Any], without: Collection[str]) -> Block:
    """What can be looked at by itself: no targets, and nothing that a target fills in."""
    left = laid_over({}, block)
    for key, value in block.items():
        if key in ("targets", "targets_file", *without) or has_blanks(value):
            del left[key]
    return left
