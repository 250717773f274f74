"""Gauges of the daemon itself: how late its looks are, what hangs, whether its store and configuration are well."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.pipeline import Pipeline
from agent.runner import Runner
from agent.scheduler import Scheduler


def of_work(scheduler: Scheduler, runner: Runner, pipeline: Pipeline) -> Iterator[Metric]:
    """Of looking and storing."""
    yield _gauge("tocsin_scheduler_lag_seconds", "How late the latest looks began.", scheduler.lag.worst)
    skipped = "Looks that were skipped because the one before still ran."
    yield _gauge("tocsin_scheduler_skipped", skipped, float(scheduler.lag.skipped))
    hanging = "Looks that have outlived their deadline and hang in the operating system."
    yield _gauge("tocsin_probes_hanging", hanging, float(runner.hanging))
    yield _gauge("tocsin_store_degraded", "1 while the store cannot write.", float(pipeline.degraded))


def of_reload(at: int, *, accepted: bool) -> Iterator[Metric]:
    """Of the latest (re)load; `at` is when one was last accepted (microseconds UTC)."""
    name = "tocsin_config_last_reload_success"
    yield _gauge(f"{name}ful", "1 when the latest (re)load was accepted.", float(accepted))
    yield _gauge(f"{name}_timestamp_seconds", "When it last was.", at / 1_000_000)


def of_log(lost: int) -> Iterator[Metric]:
    """Of log lines that nobody took."""
    family = CounterMetricFamily(
        "tocsin_log_lines_lost", "Log lines that were dropped, for nobody took them."
    )
    family.add_metric([], lost)
    yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
