"""Run inside the box: looks of the kind `systemd_unit`, one for each line; JSON in, JSON out."""

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from checks.base import Context
from checks.network import Network
from checks.systemd_unit.kind import KIND, probe


async def _look(asked: dict[str, object]) -> dict[str, object]:
    later = float(str(asked["later"]))
    context = Context(timeout=20, network=Network(), now=time.time() + later, memo=asked["memo"])
    seen = await probe(KIND.spec.model_validate(asked["options"]), context)  # type: ignore[arg-type]  # its own spec
    return {
        "values": dict(seen.values),
        "blind": seen.blind,
        "failure": seen.failure,
        "notes": list(seen.notes),
        "memo": seen.memo,
        "parts": {name: dict(part.values) for name, part in seen.parts.items()},
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asyncio.run(_look(json.loads(line)))), flush=True)
