"""Run as a process of its own: one look of the kind `updates` at the tree named; the observation as JSON."""

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from checks.base import Context
from checks.network import Network
from checks.updates.kind import UpdatesSpec, probe

if __name__ == "__main__":
    context = Context(timeout=30, network=Network(), now=time.time())
    seen = asyncio.run(probe(UpdatesSpec(root=sys.argv[1]), context))
    print(json.dumps({"values": dict(seen.values), "blind": seen.blind, "notes": seen.notes}))
