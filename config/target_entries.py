"""A list of targets as written, in the configuration or in a file of its own -> targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.errors import Problem, one_line
from config.field_types import id_hint, is_id
from config.friendly import nearest, shown
from config.places import Block, Where, dotted, place_of
from config.sources import Sources
from config.targets import Target, as_ending, fault_of

MAX_LABELS = 64
_ENTRY, _GROUP = frozenset({"target", "id", "labels"}), frozenset({"targets", "labels"})
_IN_JSON = 'write ["a", "b"], or [{"targets": ["a", "b"]}]'
_FORMS = "a target is a text, or {target: ..., id: ..., labels: {...}}"


class Entries:
    """The entries of one list. `tree` holds it at `base`; `file` where it is a file of its own."""

    def __init__(self, sources: Sources, tree: Any, base: Where = (), file: str = "") -> None:
        self.sources, self.tree, self.base, self.file = sources, tree, base, file
        self._found: list[Target] = []

    def read(self, listed: Any) -> list[Target]:
        """The targets; mistakes are noted, and what can be read is read."""
        if not isinstance(listed, list):
            hint = _IN_JSON if self.file.lower().endswith(".json") else _list_of(listed)
            self._blame((), f"expected a list of targets, got {shown(listed)}", hint)
            return []
        for number, entry in enumerate(listed):
            self._entry(entry, (number,))
        return self._found

    def _entry(self, entry: Any, where: Where) -> None:
        if isinstance(entry, str):
            self._add(entry, where, "", Block())
        elif not isinstance(entry, dict):
            self._blame(where, f"expected a target, got {shown(entry)}", _FORMS)
        elif "targets" in entry:
            self._group(entry, where)
        elif self._known_keys(entry, _ENTRY, where):
            self._single(entry, where)

    def _single(self, entry: Mapping[str, Any], where: Where) -> None:
        ending, labels = entry.get("id"), self._labels(entry.get("labels"), (*where, "labels"))
        if "target" not in entry:
            self._blame(where, "is missing target:", _FORMS)
        elif ending is not None and not (isinstance(ending, str) and is_id(ending)):
            hint = id_hint(ending) if isinstance(ending, str) else None
            self._blame((*where, "id"), f"{shown(ending)} is no id", hint)
        else:
            self._add(entry["target"], (*where, "target"), ending or "", labels)

    def _group(self, group: Mapping[str, Any], where: Where) -> None:
        """As Prometheus writes them: several targets with the same labels."""
        if not self._known_keys(group, _GROUP, where):
            return
        labels = self._labels(group.get("labels"), (*where, "labels"))
        listed = group["targets"]
        if not isinstance(listed, list):
            self._blame((*where, "targets"), f"expected a list of targets, got {shown(listed)}")
            return
        for number, target in enumerate(listed):
            self._add(target, (*where, "targets", number), "", labels)

    def _add(self, target: Any, where: Where, ending: str, labels: Block) -> None:
        if not isinstance(target, str) or not target.strip():
            self._blame(where, f"expected a target, got {shown(target)}", _FORMS)
            return
        text = target.strip()
        fault = fault_of(text)
        ending = ending or as_ending(text)
        if fault:
            self._blame(where, f"{shown(text)} is no target: it {fault}")
        elif not ending:
            self._blame(
                where, f"no name can be made of {shown(text)}", f"write {{target: {text[:40]}, id: ...}}"
            )
        else:
            self._found.append(Target(text, ending, labels, self._place(where)))

    def _labels(self, labels: Any, where: Where) -> Block:
        """The labels as a block that knows their places; those that cannot be are noted and left out."""
        kept = Block()
        if labels is None:
            return kept
        if not isinstance(labels, dict) or len(labels) > MAX_LABELS:
            what = f"{len(labels)}" if isinstance(labels, dict) else shown(labels)
            self._blame(where, f"expected a mapping of at most {MAX_LABELS} labels, got {what}")
            return kept
        for name, value in labels.items():
            fault = fault_of(value) if isinstance(value, str) else "is no text"
            fault = fault or fault_of(name)
            if fault:
                self._blame((*where, name), f"{shown(value)} is no label: it {fault}")
            elif isinstance(labels, Block):
                kept.write(name, value, labels.places.get(name))
        return kept

    def _known_keys(self, entry: Mapping[str, Any], known: frozenset[str], where: Where) -> bool:
        unknown = [key for key in entry if key not in known]
        for key in unknown:
            hint = nearest(key, known) or f"known here: {', '.join(sorted(known))}"
            self._blame((*where, key), f'unknown key "{one_line(key, 60)}"', hint, key=True)
        return not unknown

    def _place(self, where: Where) -> tuple[str, int, int]:
        place = place_of(self.tree, (*self.base, *where))
        return place or (self.file, 1, 1)

    def _blame(self, where: Where, message: str, hint: str | None = None, *, key: bool = False) -> None:
        whole = (*self.base, *where)
        place = place_of(self.tree, whole, key=key) or self._place(())
        self.sources.note(Problem(message, *place, one_line(dotted(whole), 200), hint))


def _list_of(listed: Any) -> str:
    return f"write [{one_line(listed, 40)}]" if isinstance(listed, str) else "begin each with a -"
