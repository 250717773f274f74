"""The same probes by others: Tocsin beside Monit and Prometheus with blackbox_exporter, one after the other.

python -m benchmarks.peers [--checks 200] [--every 10] [--minutes 2] [--rounds 1] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tables
from benchmarks.processes import Cost, pace, running
from benchmarks.tocsin import Plan, daemon
from benchmarks.website import Website, free_port, program, website

_BLACKBOX = "modules: {get: {prober: http, timeout: 5s, http: {method: GET, preferred_ip_protocol: ip4}}}\n"
_PROMETHEUS = """
global: {{scrape_interval: {every:g}s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: probes
    metrics_path: /probe
    params: {{module: [get]}}
    static_configs: [{{targets: [{targets}]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that can do the same: what it needs, and how it is run; `run` gives its process ids."""

    name: str
    programs: tuple[str, ...]
    packages: str
    run: Callable[[Path, Website, Plan], contextlib.AbstractContextManager[list[int]]]

    def lacks(self) -> str | None:
        """What to install before it can take part."""
        missing = [name for name in self.programs if program(name) is None]
        return f"{', '.join(missing)} not installed (apt-get install {self.packages})" if missing else None


@dataclass(frozen=True, slots=True)
class Share:
    """One peer in one window: CPU milliseconds per probe that nginx answered, megabytes, probes done of those due."""

    ms: float
    peak: float
    done: float


@contextmanager
def _tocsin(directory: Path, site: Website, plan: Plan) -> Iterator[list[int]]:
    with daemon(directory, site, plan) as started:
        started.wait()
        yield [started.process.pid]


@contextmanager
def _monit(directory: Path, site: Website, plan: Plan) -> Iterator[list[int]]:
    """Its least check of a web page: any status below 400 will do."""
    lines = [
        f"set daemon {plan.every:g}",
        f"set log {directory}/monit.log",
        *(f"set {kind}file {directory}/monit.{kind}" for kind in ("pid", "id", "state")),
    ]
    for page in range(plan.checks):
        lines += [
            f"check host page{page} with address 127.0.0.1",
            f"  if failed url {site.url(page)} with timeout 5 seconds then alert",
        ]
    config = directory / "monitrc"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    with running([_found("monit"), "-I", "-c", str(config)], directory / "log") as process:
        yield [process.pid]


@contextmanager
def _prometheus(directory: Path, site: Website, plan: Plan) -> Iterator[list[int]]:
    port = free_port()
    (directory / "blackbox.yml").write_text(_BLACKBOX)
    targets = ", ".join(f"'{site.url(page)}'" for page in range(plan.checks))
    config = directory / "prometheus.yml"
    config.write_text(_PROMETHEUS.format(every=plan.every, targets=targets, port=port))
    exporter = [
        _found("prometheus-blackbox-exporter"),
        f"--config.file={directory}/blackbox.yml",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    server = [
        _found("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{free_port()}",
        "--log.level=error",
    ]
    with running(exporter, directory / "exporter.log") as one, running(server, directory / "log") as other:
        yield [one.pid, other.pid]


def _found(name: str) -> str:
    path = program(name)
    assert path, name
    return path


PEERS = (
    Peer("tocsin", (), "", _tocsin),
    Peer("monit", ("monit",), "monit", _monit),
    Peer(
        "prometheus + blackbox_exporter",
        ("prometheus", "prometheus-blackbox-exporter"),
        "prometheus prometheus-blackbox-exporter",
        _prometheus,
    ),
)


def share(peer: Peer, directory: Path, plan: Plan, seconds: float) -> Share:
    """One window after a warm-up of one and a half intervals; probes are counted by the server that answers them."""
    directory.mkdir(parents=True)
    with website(directory / "site", plan.checks) as site, peer.run(directory, site, plan) as pids:
        time.sleep(max(15.0, 1.5 * plan.every))
        answered, before, began = site.served(), Cost.of(pids), time.monotonic()
        time.sleep(seconds)
        passed, after = time.monotonic() - began, Cost.of(pids)
        probes = site.served() - answered - 1
    if probes <= 0:
        raise SystemExit(f"{peer.name} asked nothing: {(directory / 'log').read_text()[-1000:]}")
    due = passed * plan.checks / plan.every
    return Share((after.cpu - before.cpu) / probes * 1000, after.peak, probes / due)


def compare(plan: Plan, seconds: float, rounds: int) -> list[list[object]]:
    """A row per peer, medians over the rounds; those that are not installed are named and left out."""
    present = [peer for peer in PEERS if peer.lacks() is None]
    for peer in PEERS:
        if lacking := peer.lacks():
            print(f"{peer.name}: left out, {lacking}")
    shares: dict[str, list[Share]] = {peer.name: [] for peer in present}
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as directory:
        for turn in range(rounds):
            for peer in present:
                place = Path(directory) / f"{turn}-{peer.name.split()[0]}"
                shares[peer.name].append(share(peer, place, plan, seconds))
    middle = {
        name: Share(*(statistics.median(values) for values in zip(*map(_fields, found), strict=True)))
        for name, found in shares.items()
    }
    ours = middle["tocsin"]
    return [
        [name, it.ms, it.ms / ours.ms, it.peak, it.peak / ours.peak, f"{it.done:.0%}"]
        for name, it in middle.items()
    ]


def _fields(found: Share) -> tuple[float, float, float]:
    return found.ms, found.peak, found.done


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--checks", type=int, default=200)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks of a check")
    parser.add_argument("--minutes", type=float, default=2.0, help="length of each window")
    parser.add_argument("--rounds", type=int, default=1, help="windows per peer, in turn; medians are shown")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = parser.parse_args()
    rows = compare(Plan(chosen.checks, chosen.every), chosen.minutes * 60, chosen.rounds)
    print(f"{chosen.checks} GET probes every {chosen.every:g}s, {chosen.minutes:g} minutes each")
    columns = ["program", "CPU ms per probe", "x ours", "peak MB", "x ours", "probes done"]
    tables.show(columns, rows)
    print(f"pace of the machine: {pace():.0f} ms")
    tables.keep(chosen.json, {"columns": columns, "rows": rows})


if __name__ == "__main__":
    main()
