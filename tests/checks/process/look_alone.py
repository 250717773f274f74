"""Run as a process of its own: one look of the kind `process`; options in, observation out, both JSON."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from checks.base import Context
from checks.network import Network
from checks.process.kind import probe
from checks.process.spec import ProcessSpec

if __name__ == "__main__":
    spec = ProcessSpec.model_validate(json.loads(sys.argv[1]))
    if "as-nobody" in sys.argv:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    seen = probe(spec, Context(timeout=10, network=Network(), now=time.time()))
    print(json.dumps({"values": dict(seen.values), "blind": seen.blind}))
