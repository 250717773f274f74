"""The narrator: short lines with the time since the start, colours on terminals only."""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from collections.abc import Iterable
from typing import TextIO

_COLOURS = {
    "ok": "32", "up": "32", "resolved": "32", "heals": "32",
    "down": "1;31", "new": "1;31", "breaks": "1;31",
    "degraded": "33", "unknown": "35",
    "title": "1", "quiet": "2",
}  # fmt: skip
_STAMP = 9
_WIDE = 110


class Voice:
    """Tells a story on `out`."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._began = out, time.monotonic()
        self._coloured = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.width = min(shutil.get_terminal_size((80, 24)).columns, _WIDE)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def say(self, text: str, colour: str = "") -> None:
        """What happens now; long lines go on below, indented."""
        stamp = f"{self.elapsed:6.1f}s"
        for number, line in enumerate(self._wrapped(text, self.width - _STAMP)):
            lead = stamp if number == 0 else " " * len(stamp)
            self._line(f"{self._painted(lead, 'quiet')}  {self._painted(line, colour)}")

    def quote(self, lines: Iterable[str]) -> None:
        """What something else says, word for word; sentences go on below, table rows (indented) are cut."""
        room = self.width - _STAMP - 2
        for line in lines:
            cut = line if len(line) <= room else line[: room - 1] + "…"
            for shown in [cut] if line.startswith(" ") else self._wrapped(line, room):
                self._line(f"{' ' * _STAMP}{self._painted('|', 'quiet')} {shown}")

    def write(self, text: str = "", colour: str = "") -> None:
        """A line outside the story; never cut, since it may be a command to copy."""
        self._line(self._painted(text, colour))

    def _wrapped(self, text: str, room: int) -> list[str]:
        return textwrap.wrap(
            text, max(20, room), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )

    def _painted(self, text: str, colour: str) -> str:
        code = _COLOURS.get(colour)
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._coloured else text

    def _line(self, text: str) -> None:
        self._out.write(text.rstrip() + "\n")
        self._out.flush()
