"""What reading a large configuration costs: thousands of checks from targets and templates, and written one by one.

python -m benchmarks.loading [--checks 5000] [--runs 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import environment, pace

_CHECK = """\
        type: http
        url: https://{host}/health
        every: 30s
        timeout: 5s
        down: status not in 200..399 or not body contains "ok"
        degraded: latency > 800ms for 5m
        labels: {{site: jhb, row: {row}}}
"""
_TEMPLATE = "templates:\n  host:\n    checks:\n      home:\n"
_IN_A_SERVICE = 50
# One fresh process for each reading: memory that was used once does not come back.
_READ = """\
import json, resource, sys, time
from pathlib import Path
from checks.registry import all_kinds
from config.loader import load
kinds = all_kinds()
load(Path(sys.argv[2]), kinds)  # what is built on first use is not the cost of one check more
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
config = load(Path(sys.argv[1]), kinds)
took = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([len(config.checks()), took, peak / 1024]))
"""


def from_targets(checks: int) -> str:
    """One service for each target, its one check from a template."""
    check = _CHECK.format(host="${target}", row="'${label.row}'")
    entries = "".join(
        f"      - {{target: host-{number}.example.org, labels: {{row: r{number % 50}}}}}\n"
        for number in range(checks)
    )
    return f"{_TEMPLATE}{check}services:\n  web:\n    use: host\n    targets:\n{entries}"


def from_templates(checks: int) -> str:
    """A service for each check, which comes as it is from a template."""
    services = "".join(f"  s{number}: {{use: host}}\n" for number in range(checks))
    check = _CHECK.format(host="shop.example", row="r1")
    return f"{_TEMPLATE}{check}services:\n{services}"


def one_by_one(checks: int) -> str:
    """Every check written out, fifty in a service."""
    lines = ["services:\n"]
    for number in range(checks):
        if number % _IN_A_SERVICE == 0:
            lines.append(f"  s{number // _IN_A_SERVICE}:\n    checks:\n")
        lines.append(f"      c{number}:\n")
        lines.append(_CHECK.format(host=f"host-{number}.example.org", row=f"r{number % 50}"))
    return "".join(lines)


def reading(file: Path, small: Path) -> tuple[int, float, float]:
    """How many checks the file gives, seconds of CPU, and MB that memory grew at most."""
    arguments = [sys.executable, "-c", _READ, str(file), str(small)]
    done = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=True)
    checks, took, peak = json.loads(done.stdout)
    return checks, took, peak


def measured(directory: Path, checks: int, runs: int) -> list[list[object]]:
    """A row for each way to write the checks; the best of the runs."""
    small, rows = directory / "small.yaml", list[list[object]]()
    small.write_text(one_by_one(1), encoding="utf-8")
    for make in (from_targets, from_templates, one_by_one):
        file = directory / f"{make.__name__}.yaml"
        file.write_text(make(checks), encoding="utf-8")
        found: Sequence[tuple[int, float, float]] = [reading(file, small) for _ in range(runs)]
        name = make.__name__.replace("_", " ")
        rows.append([name, found[0][0], min(run[1] for run in found), round(min(run[2] for run in found))])
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--checks", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as name:
        rows = measured(Path(name), chosen.checks, chosen.runs)
    tables.show(["written as, best run", "checks", "CPU s", "MB"], rows)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.keep(chosen.json, rows)


if __name__ == "__main__":
    main()
