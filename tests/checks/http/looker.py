"""Looks at many addresses at once through the real runner, and tells what it cost. A program of its own.

Reads `[{name, url, …options}]` from stdin; prints `{"readings": {name: …}, "grown": bytes}`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import psutil

from agent.cli.look_document import as_document
from agent.clock import SystemClock
from agent.runner import Runner
from checks.registry import KINDS
from config.loader import load


def highest_memory() -> int:
    """The most memory this program ever held, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


async def look_at_all(path: Path) -> dict[str, Any]:
    """Every check of the file, once, all at the same time."""
    runner = Runner(SystemClock(), KINDS)
    try:
        checks = load(path, KINDS).checks()
        before = psutil.Process().memory_info().rss
        readings = await asyncio.gather(*(runner.look(check) for check in checks))
        documents = {
            check.name: as_document(check, reading) | {"excerpt": reading.excerpt}
            for check, reading in zip(checks, readings, strict=True)
        }
        return {"readings": documents, "grown": highest_memory() - before}
    finally:
        await runner.aclose()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(look_at_all(Path(sys.argv[1])))))
