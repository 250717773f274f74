"""Names of gauges follow the contract and Prometheus' own rules."""

from __future__ import annotations

import pytest

from checks.base import Value
from checks.metric_names import metric


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("latency", "seconds", ("tocsin_tcp_latency_seconds", 1.0)),
        ("used", "ratio", ("tocsin_tcp_used_ratio", 1.0)),
        ("load1", "", ("tocsin_tcp_load1", 1.0)),
        ("cert_days", "days", ("tocsin_tcp_cert_seconds", 86400.0)),
        ("lasts", "days", ("tocsin_tcp_lasts_seconds", 86400.0)),
        ("free_bytes", "bytes", ("tocsin_tcp_free_bytes", 1.0)),
        ("bytes", "bytes", ("tocsin_tcp_bytes", 1.0)),
        ("kilobytes", "bytes", ("tocsin_tcp_kilobytes_bytes", 1.0)),
    ],
)
def test_gauge_ends_with_its_base_unit_once(name: str, unit: str, expected: tuple[str, float]) -> None:
    assert metric("tcp", Value(name, unit, "")) == expected


def test_text_has_no_gauge() -> None:
    with pytest.raises(ValueError, match=r"tcp\.banner is text"):
        metric("tcp", Value("banner", "", "", text=True))
