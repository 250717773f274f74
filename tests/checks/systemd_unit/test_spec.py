"""How units are named in the configuration."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from checks.systemd_unit.spec import SystemdUnitSpec


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("nginx", "nginx.service"),
        ("nginx.service", "nginx.service"),
        ("logrotate.timer", "logrotate.timer"),
        ("org.example.shop", "org.example.shop.service"),
        ("app@*", "app@*"),
        ("app@[12]", "app@[12].service"),
        (r"dev-disk-by\x2dlabel.device", r"dev-disk-by\x2dlabel.device"),
        ("all", "all"),
        ("-.mount", "-.mount"),
    ],
)
def test_ending_of_a_service_may_be_left_out(written: str, unit: str) -> None:
    assert SystemdUnitSpec(unit=written).unit == unit


@pytest.mark.parametrize(
    "written", ["", "-h", "--user", "--user.service", "a b", "/etc/x", "x\ny", "x;y", "x" * 300]
)
def test_what_is_no_unit_is_named(written: str) -> None:
    with pytest.raises(ValidationError, match="expected a unit"):
        SystemdUnitSpec(unit=written)
