"""What a command asks of the daemon; where none runs, it is done by the command itself, alone with the store."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.afar import must_be_here, server
from agent.cli.setting import fail, loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.models import Config

USAGE = 64
# A daemon that is just starting has the state, but no socket yet; and without one, commands take their turns.
_TRIES, _PAUSE = 150, 0.2
_SECOND = 1_000_000


def planned(config: Path | None, command: str, **words: Any) -> Any:
    """As `asked`, of planned work, silences and pauses; of the daemon elsewhere that is meant."""
    there = server()
    if there is not None:
        from agent.cli.planning_there import planned_there

        return planned_there(there, command, words)
    configuration = loaded(config)
    return asked(configuration, command, lambda: _done_alone(configuration, command, words), **words)


def asked(config: Config, command: str, alone: Callable[[], Any], **words: Any) -> Any:
    """The document that tells what became of it. Ends the command (64, or 1) with the reason when nothing did.

    `alone` does it where no daemon runs; it raises Refused, or StateLocked.
    """
    from agent.control import NotRunning, Refused, ask
    from agent.lock import StateLocked

    must_be_here()
    directory, left = Path(config.agent.state_dir), _TRIES
    while True:
        try:
            return ask(directory, command, **words)
        except NotRunning:
            pass
        except Refused as error:
            fail(str(error), USAGE if error.usage else 1)
        try:
            return alone()
        except Refused as error:
            fail(str(error), USAGE if error.usage else 1)
        except StateLocked as error:
            left -= 1
            if not left:
                fail(f"{error}, but does not answer", 1)
        time.sleep(_PAUSE)


def _done_alone(config: Config, command: str, words: dict[str, Any]) -> Any:
    from agent.clock import SystemClock
    from agent.control import Refused, user_name
    from agent.store.offline import write_alone
    from agent.store.planning import Asked, Books, CannotPlan, Request, carry_out

    try:
        request = Request(Asked.read(words), user_name(os.geteuid()), SystemClock().now())
        return write_alone(
            config, lambda connection: carry_out(command, request, Books(connection, config.agent.id))
        )
    except CannotPlan as error:
        raise Refused(str(error), usage=error.usage) from None


def moment(text: str, zone: str, *, ago: bool = False) -> int:
    """What a person wrote, in microseconds UTC; without a zone it is of `zone`. Ends the command (64).

    `now` is understood, and so is a duration such as `4h`: so long from now on, or so long `ago`.
    """
    from agent.clock import SystemClock
    from alerting.slo import periods
    from config.units import parse_duration

    if is_now(text):
        return SystemClock().now()
    try:
        seconds = parse_duration(text)
    except ValueError:
        pass
    else:
        return SystemClock().now() + round((-seconds if ago else seconds) * _SECOND)
    try:
        return periods.moment(text, zone)
    except ValueError as error:
        fail(f"{error}; or now, or 4h for so long {'ago' if ago else 'from now'}", USAGE)


def is_now(text: str) -> bool:
    """Whether the word for this moment was written."""
    return text.strip().casefold() == "now"


def times(
    zone: str, *, start: str | None, end: str | None, lasts: str | None, end_option: str = "--until"
) -> dict[str, Any]:
    """When it begins and ends, as it is asked for; what is left to the daemon is None; without a zone they are
    of `zone`. Ends the command (64)."""
    from config.units import parse_duration

    if (end is None) == (lasts is None):
        fail(f"say when it ends: either {end_option} or --for", USAGE)
    try:
        seconds = None if lasts is None else parse_duration(lasts)
    except ValueError as error:
        fail(f"--for {error}", USAGE)
    if seconds is not None and seconds <= 0:
        fail("--for: it must last", USAGE)
    # That it begins now is for the daemon to say: by its clock nothing begins a little before.
    begins = None if start is None or is_now(start) else moment(start, zone)
    ends = None if end is None else moment(end, zone)
    if begins is not None and ends is not None and ends <= begins:
        fail("it must end after it begins", USAGE)
    return {"start": begins, "end": ends, "lasts": seconds}


def number(text: str, letter: str, what: str, example: str) -> str:
    """The id as it is written in full: `M-3` of `3`, `m-3` and `M-3`. Ends the command (64)."""
    digits = text.upper().removeprefix(f"{letter}-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        fail(f'"{text}" is no {what}: expected something like {example}', USAGE)
    return f"{letter}-{int(digits)}"
