"""The daemon itself: do its scheduler, store, outbox and loop go on? What they did is told by the daemon."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Spec, Value

Part = Literal["scheduler", "store", "outbox", "loop", "ping"]


class ItselfSpec(Spec):
    """Which part of the daemon is looked at."""

    part: Part = Field(description="the part of the daemon")


async def probe(spec: ItselfSpec, context: Context) -> Observation:
    """Ask the daemon; a command that looks without one has nobody to ask."""
    if context.itself is None:
        return Observation(blind="only the daemon can look at itself", error_kind=ErrorKind.LOCAL)
    return Observation(values=context.itself(spec.part))


KIND = Kind(
    name="self",
    summary="looks at the daemon itself",
    spec=ItselfSpec,
    probe=probe,
    values=(
        Value("lag", "seconds", "how late looks began, at worst, since the last look at the scheduler"),
        Value("beat", "seconds", "the longest time between two turns of the scheduler since then"),
        Value("stalled", "seconds", "how long something has waited for the store, and nothing was stored"),
        Value("backlog", "", "changes that wait for the store", whole=True, least=0),
        Value("free", "bytes", "space that is left for the store on its disk"),
        Value("backup_age", "seconds", "how long ago the last backup succeeded; 0 where none is to be made"),
        Value("oldest", "seconds", "how long the oldest message has waited to be sent"),
        Value("unsent", "", "messages that wait to be sent", whole=True, least=0),
        Value(
            "parked", "", "messages that wait for a person to say what becomes of them", whole=True, least=0
        ),
        Value("blocked", "seconds", "the longest time that the loop stood still since the last look at it"),
        Value("unanswered", "", "pings in a row that were not answered well", whole=True, least=0),
    ),
    counts_for_uptime=True,
    example="type: self\npart: scheduler\n",
)
