"""What a look under the unit must show, beside looks outside it; and the table in docs/hardening.md that says so.

`python -m tests.boxes.values` writes the table. The test holds every look to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.registry import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hardening.md"
BEGIN, END = "<!-- values -->", "<!-- /values -->"
Scalar = float | str | bool | None
Values = Mapping[str, Scalar]
# What small figures may differ by in any case, by their unit.
_LEAST = {"seconds": 0.005, "bytes": 65536.0, "": 0.1}
# How long a look takes is its own affair; pressure is known where the kernel counts it.
_ASIDE = ("took", "pressure_")


@dataclass(frozen=True, slots=True)
class Row:
    """The values of a kind: the same, between those of a look before and one after, or about the same.

    `own` is of the agent itself, by its meaning; `lacking` is not known under the unit; `rare` not on every host.
    """

    kind: str
    same: Sequence[str] = ()
    between: Sequence[str] = ()
    about: Sequence[str] = ()
    own: Sequence[str] = ()
    lacking: Sequence[str] = ()
    rare: Sequence[str] = ()
    remark: str = ""
    # How far moving figures may be apart: this share of the larger one, or half as much of a ratio's whole.
    within: float = 0.3

    @property
    def shown(self) -> set[str]:
        """All that is known outside, in one check of the kind or another."""
        return {*self.same, *self.between, *self.about, *self.lacking}

    def differences(self, before: Values, inside: Values, after: Values) -> dict[str, str]:
        """The values that are not as the row says, and how; empty when all are."""
        outside = known(before) - {*self.own}
        wrong = dict.fromkeys(outside - self.shown, "is not in the table")
        wrong |= {name: "is known inside now" for name in self.lacking if inside.get(name) is not None}
        for name in sorted(outside & self.shown - {*self.lacking}):
            seen = (before[name], inside.get(name), after.get(name))
            if not self._alike(name, *seen):
                wrong[name] = "{} before, {} inside, {} after".format(*seen)
        return wrong

    def _alike(self, name: str, before: Scalar, inside: Scalar, after: Scalar) -> bool:
        if inside in (before, after) and type(inside) is type(before):
            return True
        numbers = [each for each in (before, inside, after) if isinstance(each, int | float)]
        if name in self.same or len(numbers) < 3:
            return False
        low, high = min(numbers[0], numbers[2]), max(numbers[0], numbers[2])
        slack = 0.0 if name in self.between else self._slack(name, high)
        return low - slack <= numbers[1] <= high + slack

    def _slack(self, name: str, larger: float) -> float:
        unit = next((each.unit for each in KINDS[self.kind].values if each.name == name), "")
        return self.within / 2 if unit == "ratio" else max(self.within * larger, _LEAST[unit])

    @property
    def line(self) -> str:
        cells = (_listed(self.same), _listed(self.between), _listed(self.about), self._remarks())
        return f"| {self.kind} | " + " | ".join(cells) + " |"

    def _remarks(self) -> str:
        said = [f"{_listed(self.own)}: of the agent itself"] if self.own else []
        said += [f"not known: {_listed(self.lacking)}"] if self.lacking else []
        said += [f"{_listed(self.about)}: within {self.within * 100:g} %"] if self.within != 0.3 else []
        return "; ".join([*said, *([self.remark] if self.remark else [])])


def known(values: Values) -> set[str]:
    return {name for name, value in values.items() if value is not None and not name.startswith(_ASIDE)}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_WINDOW = (
    "count_404 count_4xx count_500 count_5xx count_2xx count_3xx count_499 count_502_504 rate_404 rate_4xx "
)
_WINDOW += "rate_500 rate_5xx rate_2xx rate_3xx rate_499 rate_502_504"
ROWS = (
    Row("access_log", ("requests", *_WINDOW.split(), "bytes", "malformed", "behind", "per_second"),
        ("silent",)),
    Row("command", ("exit",), ("load15",), remark="a program of the host, without privileges"),
    Row("cpu", (), (), ("busy", "steal", "iowait", "busiest"), ("quota", "quota_used", "throttled")),
    Row("disk", ("total", "read_only", "mount"), (), ("used", "free", "inodes_used"), lacking=("writable",),
        within=0.002, remark="`write: true` needs `ReadWritePaths=`"),
    Row("disk_io", ("device",), (), ("util", "await", "iops", "read_rate", "write_rate")),
    Row("file", ("present", "size", "count", "total", "owner", "group", "mode", "is_a", "sha256", "ahead",
        "newest"),
        ("age", "oldest"), remark="`/tmp`, `/var/tmp` and `/dev` are the service's own"),
    Row("load", (), ("load1", "load5", "load15", "per_core")),
    Row("log", ("errors", "lines", "behind", "rate", "pay"), ("last",), remark="files and the journal"),
    Row("logins", ("failed", "invalid", "sources", "successes", "top_share", "top_source", "guessed", "behind",
                   "rate")),
    Row("memory", ("total", "swap_used"), (), ("used", "available"), ("limit", "limit_used"), within=0.02),
    Row("network", ("interface", "up", "errors", "error_share", "drops", "drop_share"), (), ("rx_rate", "tx_rate")),
    Row("ping", ("loss", "ttl", "ip"), (), ("latency", "max", "min", "avg", "stddev")),
    Row("process", ("count", "zombies", "threads", "fds", "fds_used"), ("oldest", "youngest"),
        ("cpu", "cores", "memory"), remark="of another user; before Linux 6.2 `fds` and `fds_used` are not known"),
    Row("swap", ("used", "free", "total"), (), ("in_rate", "out_rate")),
    Row("systemd_unit", ("state", "sub", "result", "failed", "stopped", "restarting", "exit_code", "restarts", "missed",
        "overdue", "tasks"), ("since", "next_run"), ("memory",)),
    Row("temperature", ("celsius", "high", "critical", "left", "sensor")),
    Row("time_sync", ("synced",), lacking=("kernel_offset", "max_error"), rare=("max_error",),
        remark="the drop-in `clock.conf` helps"),
    Row("updates", ("pending", "security", "packages", "reboot_required"), ("lists_age",)),
)  # fmt: skip


def table() -> str:
    lines = ["| check | the same | between a look before and one after | about the same | remarks |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    return "\n".join(lines + [row.line for row in ROWS])


def main() -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
