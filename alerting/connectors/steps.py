"""What is left to do on a ticket there, step by step: how far it came is told however it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from alerting.connectors.base import Outcome, Result
from alerting.connectors.http import Ended
from alerting.messages import Observed

# Does one thing to the ticket, and gives how it stands then. Raises Ended.
Step = Callable[[Observed], Awaitable[Observed]]
# Says whose fault it is that a step failed.
Blamed = Callable[[Ended], Awaitable[Result]]
_NOT_THERE = (301, 404, 410)


async def taken(seen: Observed, steps: Iterable[Step], blamed: Blamed | None = None) -> Result:
    """The steps in order. What is refused for good does not hold back what comes after it; every other end does.

    `blamed` looks closer at what failed; by default it is what the call itself ended with.
    """
    refusal: Result | None = None
    for step in steps:
        try:
            seen = await step(seen)
        except Ended as ended:
            failed = ended.result if blamed is None else await blamed(ended)
            if failed.outcome is not Outcome.PERMANENT or ended.status in _NOT_THERE:
                return replace(failed, observed=seen)
            refusal = refusal or failed
    return replace(refusal, observed=seen) if refusal is not None else Result.ok(seen)
