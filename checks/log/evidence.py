"""The first lines that counted in the window, masked, by the name they counted under."""

from __future__ import annotations

from typing import Any

from checks.masking import masked
from checks.memo_numbers import is_number
from checks.text import visible

_KEPT = 3
_NAMES = 20
_SHOWN, _MASKED_FIRST = 300, 4096


class Evidence:
    """At most three lines a name, each with the moment it counts at; the memo is a list of `[at, name, line]`."""

    def __init__(self, memo: Any) -> None:
        self._lines: list[tuple[float, str, str]] = []
        for each in memo if isinstance(memo, list) else ():
            match each:
                case [at, str(name), str(line)] if is_number(at):
                    self._keep(float(at), name, visible(line, _SHOWN))

    def wants(self, name: str) -> bool:
        """Whether there is room for a line of this name."""
        return sum(known == name for _, known, _ in self._lines) < _KEPT and len(self._lines) < _KEPT * _NAMES

    def add(self, at: float, name: str, line: bytes) -> None:
        text = line[:_MASKED_FIRST].decode("utf-8", "replace")
        self._keep(at, name, visible(masked(text).strip(), _SHOWN))

    def slide(self, since: float) -> None:
        """Forget what came before that moment."""
        self._lines = [each for each in self._lines if each[0] >= since]

    def first(self, name: str) -> str | None:
        """The earliest line of this name."""
        return min(((at, line) for at, known, line in self._lines if known == name), default=(0.0, None))[1]

    def memo(self) -> list[Any]:
        return [list(each) for each in self._lines]

    def _keep(self, at: float, name: str, line: str) -> None:
        if self.wants(name):
            self._lines.append((at, name, line))
