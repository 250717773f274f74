"""The host's own programs, asked for facts: found where the system keeps them, in plain English and UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from checks.base import Context
from checks.connection import Deadline
from checks.program_run import CannotRun, Ended, Order
from checks.programs import Programs
from checks.text import visible

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C.UTF-8", "LANGUAGE": "C", "TZ": "UTC"}
_ENDED_WELL = frozenset({0})
# Of the deadline, so that the reason is told before the look is given up.
_SHARE = 0.95
_KEPT = 1024 * 1024


class NoAnswer(Exception):
    """The program gave no answer to go by; the text is one line."""


@dataclass(frozen=True, slots=True)
class Host:
    """The programs of this host, all within one deadline."""

    programs: Programs
    deadline: Deadline

    async def ask(self, argv: Sequence[str], codes: frozenset[int] = _ENDED_WELL) -> Ended:
        """What the program wrote, at most 1 MiB. Raises NoAnswer unless it ended by itself with one of the codes."""
        name = argv[0]
        try:
            ended = await self.programs.run(Order(tuple(argv), _ENVIRONMENT, kept=_KEPT), self.deadline.left)
        except CannotRun as error:
            raise NoAnswer(f"{name}: {error}") from None
        if ended.stopped == "time":
            raise NoAnswer(f"{name} did not end within {self.deadline} (raise timeout:)")
        if ended.code is None:
            raise NoAnswer(f"{name} was ended: {ended.stopped or f'signal {ended.signal}'}")
        if ended.code not in codes:
            said = _first_line(ended.errors) or _first_line(ended.output) or "without a word"
            raise NoAnswer(f"{name} ended with code {ended.code}: {said}")
        return ended


@contextmanager
def host_programs(context: Context) -> Iterator[Host]:
    """To be asked until the look's deadline."""
    programs = context.programs or Programs()
    try:
        yield Host(programs, Deadline.after(context.timeout * _SHARE))
    finally:
        if programs is not context.programs:
            programs.close()


def _first_line(text: bytes) -> str:
    return visible(next(iter(text.decode("utf-8", "replace").strip().splitlines()), ""), 160)
