"""Python's collector stops everything while it goes through all that lives: what is there to stay is set aside."""

from __future__ import annotations

import asyncio
import gc

_EVERY = 300.0
_ANEW = 12


def set_aside() -> None:
    """From here on the collector goes through what came later alone; what is garbage by now is collected before."""
    gc.collect()
    gc.freeze()


async def keep_aside() -> None:
    """For as long as the daemon runs: what has come since is set aside too.

    What was set aside and went out of use in a ring is collected once an hour, with all of it.
    """
    turns = 0
    while True:
        await asyncio.sleep(_EVERY)
        turns += 1
        if turns % _ANEW == 0:
            gc.unfreeze()
        set_aside()
