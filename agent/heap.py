"""Python's collector stops everything while it goes through all that lives: what is there to stay is set aside."""

from __future__ import annotations

import asyncio
import gc

_FIRST, _EVERY = 60.0, 300.0  # by then everything was looked at once
_ANEW = 12
_SELDOM = 100  # so many rounds of the young before all that is not set aside is gone through in between


def set_aside() -> None:
    """From here on the collector goes through what came later alone; what is garbage by now is collected before."""
    gc.collect()
    gc.freeze()


async def keep_aside() -> None:
    """For as long as the daemon runs: what has come since is set aside too, at a moment of ours.

    What was set aside and went out of use in a ring is collected once an hour, with all of it.
    """
    young, old, _ = gc.get_threshold()
    gc.set_threshold(young, old, _SELDOM)
    turns = 0
    while True:
        await asyncio.sleep(_EVERY if turns else _FIRST)
        turns += 1
        if turns % _ANEW == 0:
            gc.unfreeze()
        set_aside()
