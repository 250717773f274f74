"""What a monitoring plugin prints: text | measurements, then further lines of either.

The shape is that of the Nagios plugin API: on the first line the text, after its pipe measurements; the lines
that follow are more text up to the next pipe, and measurements from there to the end. Plugins that break their
measurements over lines without a second pipe are understood as well: what stands there is taken for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from checks.base import Perfdata
from checks.command import perfdata


@dataclass(frozen=True, slots=True)
class Output:
    """The first line, the lines after it, and the measurements of both."""

    text: str
    long_text: str
    perfdata: tuple[Perfdata, ...] = ()


def as_plugin(printed: str, *, whole: bool = True) -> Output:
    """Takes any text. Of one that is not whole the last word is no measurement: its number may lack digits."""
    text, long_text, _ = _parts(printed)
    measured = perfdata.parse(_parts(printed if whole else _without_last_word(printed))[2])
    return Output(text.strip(), _trimmed(long_text), measured)


def _parts(printed: str) -> tuple[str, str, str]:
    """The first line's text, the text below it, and all that may be measurements."""
    first, _, rest = printed.partition("\n")
    text, pipe, beside = first.partition("|")
    long_text, _, below = rest.partition("|")
    broken = takewhile(perfdata.nothing_else, long_text.split("\n")) if pipe else ()
    return text, long_text, "\n".join((beside, *broken, below))


def as_program(printed: str) -> Output:
    """Of any other program: the first line that is not blank, and the rest."""
    first, _, rest = printed.lstrip().partition("\n")
    return Output(first.strip(), _trimmed(rest))


def _without_last_word(text: str) -> str:
    words = text.rsplit(maxsplit=1)
    return text.removesuffix(words[-1]) if words else text


def _trimmed(text: str) -> str:
    return text.rstrip().lstrip("\r\n")
