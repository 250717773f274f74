"""What reading access logs costs: lines per second of CPU, beside goaccess and a plain loop over a regular expression.

python -m benchmarks.access_log [--lines 1000000] [--json FILE]
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import pace
from checks.access_log.formats import Reader
from checks.access_log.latency import percentile
from checks.access_log.tally import Tally

_AGENTS = [
    *(f"Mozilla/5.0 (X11; Linux x86_64) Chrome/{version}.0.0.0 Safari/537.36" for version in range(90, 130)),
    "curl/7.88.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
]  # fmt: skip
_STATUSES = {200: 80, 304: 8, 301: 4, 404: 5, 403: 1, 500: 1, 502: 0.5, 499: 0.5}
_PATHS, _CLIENTS, _PER_SECOND, _QUERIES = 3000, 5000, 60, 0.1
_BLOCK = 16 << 20
_PATTERN = re.compile(
    r'(?P<client>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) '
    r'(?P<size>\S+) "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"'
)
_TIMED = r'%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T'


def generated(lines: int, *, timed: bool) -> Iterator[str]:
    """A site's log: few paths asked for often, a tenth of the requests with a query of their own, 8 % failing.

    `timed` adds nginx's `$request_time`.
    """
    chance = random.Random(4)
    sections = ["ads", "api", "img", "user", "search", "static"]
    paths = ["/", *(f"/{chance.choice(sections)}/{number}" for number in range(_PATHS))]
    clients = [".".join(str(chance.randrange(1, 255)) for _ in range(4)) for _ in range(_CLIENTS)]
    often = [1 / (rank + 1) for rank in range(len(paths))]
    asked = chance.choices(paths, often, k=lines)
    statuses = chance.choices(list(_STATUSES), list(_STATUSES.values()), k=lines)
    began = datetime(2026, 11, 1, tzinfo=UTC)
    stamp = ""
    for number, (path, status) in enumerate(zip(asked, statuses, strict=True)):
        if number % _PER_SECOND == 0:
            stamp = f"{began + timedelta(seconds=number // _PER_SECOND):%d/%b/%Y:%H:%M:%S +0000}"
        query = f"?id={chance.randrange(10**7)}" if chance.random() < _QUERIES else ""
        size = "-" if status == 304 else chance.randrange(100, 50_000)
        referrer = "-" if number % 3 else f"https://www.example.org{asked[number - 1]}"
        took = f" {chance.expovariate(8):.3f}" if timed else ""
        yield (
            f'{chance.choice(clients)} - - [{stamp}] "GET {path}{query} HTTP/1.1" {status} {size} "{referrer}" '
            f'"{chance.choice(_AGENTS)}"{took}\n'
        )


def ours(log: Path, *, step: int | None) -> int:
    """Everything that the check tells, in slices of `step` seconds or in one; the number of requests."""
    reader = Reader("combined")
    tally = Tally(step=step, span=None if step is None else 3600, client_cap=100_000 if step is None else 0)
    with log.open("rb") as stream:
        held = b""
        while block := stream.read(_BLOCK):
            end = block.rfind(b"\n") + 1
            reader.feed(held + block[:end], tally)
            held = block[end:]
    total = tally.total()
    [percentile(total.took, share) for share in (0.5, 0.95, 0.99)]
    return tally.lines - tally.malformed


def plain_loop(log: Path) -> int:
    """What anybody would write: a compiled expression, and the counts of statuses, paths, clients and bytes."""
    statuses, paths, clients, size = Counter[str](), Counter[tuple[str, str]](), Counter[str](), 0
    with log.open(encoding="utf-8", errors="surrogateescape") as stream:
        for line in stream:
            match = _PATTERN.match(line)
            if match:
                statuses[match["status"]] += 1
                paths[match["status"], match["path"].partition("?")[0]] += 1
                clients[match["client"]] += 1
                size += int(match["size"]) if match["size"] != "-" else 0
    return statuses.total()


def goaccess(program: str, log: Path, *, timed: bool) -> float:
    """Seconds of CPU, user and system, for its whole analysis."""
    format_ = [f"--log-format={_TIMED}", "--date-format=%d/%b/%Y", "--time-format=%H:%M:%S"]
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as directory:
        arguments = [program, str(log), *(format_ if timed else ["--log-format=COMBINED"])]
        arguments += ["--no-global-config", "--no-progress", "-o", f"{directory}/report.json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(arguments, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def spent(work: Callable[[], int], lines: int) -> float:
    """Seconds of CPU. Raises when lines were lost: a fast wrong answer is none."""
    began = time.process_time()
    found = work()
    took = time.process_time() - began
    if found != lines:
        raise RuntimeError(f"{found} of {lines} requests were found")
    return took


def measured(log: Path, lines: int, *, timed: bool) -> list[list[object]]:
    """A row for each way, one after the other."""
    kind = "with request time" if timed else "combined"
    rows: list[tuple[str, float]] = [
        ("Tocsin, whole file (logs try)", spent(lambda: ours(log, step=None), lines)),
        ("Tocsin, slices of 10 s (check)", spent(lambda: ours(log, step=10), lines)),
        ("plain loop over re", spent(lambda: plain_loop(log), lines)),
    ]
    program = shutil.which("goaccess")
    if program is None:
        print("goaccess is left out: apt-get install goaccess")
        return [[f"{kind}: {name}", round(lines / took), "-"] for name, took in rows]
    theirs = goaccess(program, log, timed=timed)
    rows.append(("goaccess", theirs))
    return [[f"{kind}: {name}", round(lines / took), f"{theirs / took:.1f}"] for name, took in rows]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access_log", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as directory:
        log = Path(directory) / "access.log"
        for timed in (False, True):
            with log.open("w", encoding="ascii") as stream:
                stream.writelines(generated(chosen.lines, timed=timed))
            rows += measured(log, chosen.lines, timed=timed)
    tables.show(["log and reader", "lines a CPU second", "x goaccess"], rows)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.keep(chosen.json, rows)


if __name__ == "__main__":
    main()
