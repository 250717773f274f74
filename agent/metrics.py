"""What Prometheus reads: counters fed by committed readings, gauges taken from memory when asked."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import islice, product
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.memory import Address, World
from alerting.desk.ticket import OPEN_STATES
from checks.base import ErrorKind, Kind, Reading, Status
from checks.command.measures import unit_of
from checks.metric_names import metric, named_metric, open_metric
from config.models import Config
from config.policies import PRIORITIES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STATES = (Status.OK, Status.DEGRADED, Status.DOWN, Status.UNKNOWN)
_CHECK = ["service", "check", "kind"]
_MOST_LABELS = 100
_TIERS = ("1", "2", "3")
Gauges = Callable[[], Iterable[Metric]]


class Metrics:
    """All families of one daemon. `extra` adds gauges of rooms above (uptime, scheduler, reload)."""

    def __init__(
        self, config: Config, kinds: Mapping[str, Kind], world: Callable[[], World], extra: Gauges
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self.registry = CollectorRegistry(auto_describe=False)
        self._duration = Histogram(
            "tocsin_check_duration_seconds",
            "How long looks took.",
            _CHECK,
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._runs = Counter(
            "tocsin_check_runs", "Looks by what they said.", ["status"], registry=self.registry
        )
        self._errors = Counter(
            "tocsin_check_errors",
            "Looks that failed, by kind of error.",
            ["error_kind"],
            registry=self.registry,
        )
        self._runs_by = {status: self._runs.labels(status.value) for status in _STATES}
        for kind in ErrorKind:
            self._errors.labels(kind.value)
        self._children: dict[Address, Any] = {}
        self._labels: set[tuple[str, str, str]] = set()
        self._kinds = kinds
        self.use(config)
        self.registry.register(_Snapshot(self, world, extra))

    def use(self, config: Config) -> None:
        """Follow a new configuration; checks that are gone leave no series behind."""
        self.config = config
        wanted = {
            (check.service, check.name): (check.service, check.name, check.kind) for check in config.checks()
        }
        for labels in self._labels - set(wanted.values()):
            self._duration.remove(*labels)
        self._labels = set(wanted.values())
        self._children = {address: self._duration.labels(*labels) for address, labels in wanted.items()}

    def prepare(self, config: Config) -> None:
        """Make the series of new checks, on a thread: a histogram of a thousand checks takes a while."""
        for check in config.checks():
            self._duration.labels(check.service, check.name, check.kind)

    def heard(self, address: Address, reading: Reading) -> None:
        """Count a committed reading."""
        child = self._children.get(address)
        if child is not None:
            child.observe(reading.took)
        self._runs_by[reading.status].inc()
        if reading.error_kind is not None:
            self._errors.labels(reading.error_kind.value).inc()

    def page(self) -> bytes:
        """The exposition in the text format."""
        return generate_latest(self.registry)

    def kind(self, name: str) -> Kind:
        return self._kinds[name]


class _Snapshot(Collector):
    """Gauges from memory: nothing of this costs anything until somebody asks."""

    def __init__(self, metrics: Metrics, world: Callable[[], World], extra: Gauges) -> None:
        self._metrics, self._world, self._extra = metrics, world, extra

    def collect(self) -> Iterator[Metric]:
        world = self._world()
        yield _build_info()
        yield from self._states(world)
        yield self._failing(world)
        yield from self._values(world)
        yield from self._perfdata(world)
        yield from self._named(world)
        yield _incidents(world)
        yield _tickets(world)
        yield from self._extra()

    def _states(self, world: World) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "tocsin_check_state", "1 for the state a check is in.", labels=[*_CHECK, "state"]
        )
        up = GaugeMetricFamily(
            "tocsin_check_up", "1 when a check is neither down nor unknown.", labels=_CHECK
        )
        unstable = GaugeMetricFamily(
            "tocsin_check_unstable",
            "1 while the last looks disagree with the confirmed state.",
            labels=_CHECK,
        )
        flapping = GaugeMetricFamily(
            "tocsin_check_flapping", "1 while a check changes too often.", labels=_CHECK
        )
        for check in self._metrics.config.checks():
            labels = [check.service, check.name, check.kind]
            memory = world.checks.get((check.service, check.name))
            shown = Status.UNKNOWN
            if memory and memory.state.state is not None and memory.state.unknown_since is None:
                shown = memory.state.state
            for each in _STATES:
                state.add_metric([*labels, each.value], float(each is shown))
            up.add_metric(labels, float(shown in (Status.OK, Status.DEGRADED)))
            unstable.add_metric(labels, float(memory is not None and memory.state.unstable))
            flapping.add_metric(labels, float(memory is not None and memory.state.flapping))
        yield from (state, up, unstable, flapping)

    def _failing(self, world: World) -> Metric:
        """Which checks fail at the moment, and what of: a series for each of them, none for the others."""
        family = GaugeMetricFamily(
            "tocsin_check_error",
            "1 while the last look at a check failed, by kind of error.",
            labels=[*_CHECK, "error_kind"],
        )
        for check in self._metrics.config.checks():
            memory = world.checks.get((check.service, check.name))
            if memory is not None and memory.last is not None and memory.last.error_kind is not None:
                kind = memory.last.error_kind.value
                family.add_metric([check.service, check.name, check.kind, kind], 1.0)
        return family

    def _values(self, world: World) -> Iterator[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for check in self._metrics.config.checks():
            memory = world.checks.get((check.service, check.name))
            if memory is None or memory.last is None:
                continue
            for value in self._metrics.kind(check.kind).values:
                seen = memory.last.values.get(value.name)
                if value.text or not isinstance(seen, (int, float)):
                    continue
                name, factor = metric(check.kind, value)
                family = families.get(name)
                if family is None:
                    help_text = f"{value.description[:1].upper()}{value.description[1:]}."
                    family = families[name] = GaugeMetricFamily(name, help_text, labels=["service", "check"])
                family.add_metric([check.service, check.name], float(seen) * factor)
        yield from families.values()

    def _perfdata(self, world: World) -> Iterator[Metric]:
        """What plugins measured, one gauge for each base unit; a check adds a bounded number of series."""
        families: dict[str, GaugeMetricFamily] = {}
        for check in self._metrics.config.checks():
            memory = world.checks.get((check.service, check.name))
            if memory is None or memory.last is None:
                continue
            # Of two with one label the last counts, as it does among the values.
            measured = {one.label: one for one in memory.last.perfdata}
            for one in islice(measured.values(), _MOST_LABELS):
                seen = memory.last.values.get(one.label)
                if not isinstance(seen, (int, float)):
                    continue
                name = open_metric(check.kind, unit_of(one.uom))
                family = families.setdefault(
                    name,
                    GaugeMetricFamily(name, "Measured by plugins.", labels=["service", "check", "label"]),
                )
                family.add_metric([check.service, check.name, one.label], float(seen))
        yield from families.values()

    def _named(self, world: World) -> Iterator[Metric]:
        """The values that the options name, such as the counts of a log's patterns."""
        families: dict[str, GaugeMetricFamily] = {}
        for check in self._metrics.config.checks():
            kind, memory = self._metrics.kind(check.kind), world.checks.get((check.service, check.name))
            if kind.named is None or check.spec is None or memory is None or memory.last is None:
                continue
            for each, known in islice(kind.named(check.spec).items(), _MOST_LABELS):
                seen = memory.last.values.get(each)
                if isinstance(seen, (int, float)) and each not in kind.value_names:
                    name, gauge = named_metric(kind, known.unit), kind.named_gauge
                    labels = ["service", "check", gauge.label]
                    family = families.setdefault(name, GaugeMetricFamily(name, gauge.help, labels=labels))
                    family.add_metric([check.service, check.name, each], float(seen))
        yield from families.values()


def _build_info() -> Metric:
    try:
        number = version("tocsin")
    except PackageNotFoundError:
        number = "unknown"
    family = GaugeMetricFamily("tocsin_build_info", "1, with the version as a label.", labels=["version"])
    family.add_metric([number], 1.0)
    return family


def _incidents(world: World) -> Metric:
    family = GaugeMetricFamily("tocsin_incidents_open", "Open incidents by severity.", labels=["severity"])
    tally = Tally(
        incident.severity for incident in list(world.incidents.values()) if incident.state == "open"
    )
    for severity in ("critical", "high", "medium", "low"):
        family.add_metric([severity], float(tally[severity]))
    return family


def _tickets(world: World) -> Metric:
    family = GaugeMetricFamily(
        "tocsin_tickets_open", "Tickets neither resolved nor closed.", labels=["state", "priority", "tier"]
    )
    tally = Tally((t.state.value, t.priority, str(t.tier)) for t in list(world.tickets.values()) if t.is_open)
    for state in sorted(state.value for state in OPEN_STATES):
        for priority, tier in product(PRIORITIES, _TIERS):
            tally.setdefault((state, priority, tier), 0)
    for labels, count in sorted(tally.items()):
        family.add_metric(list(labels), float(count))
    return family
