"""Temperatures from trees of files as the kernel lays them out, odd sensors among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from checks.base import Context, Observation, Status
from checks.judge import Rules, judge
from checks.network import Network
from checks.temperature import KIND, TemperatureSpec, look, probe, sensors
from config.conditions import parse


def _chip(classes: Path, number: int, name: str, **files: str) -> Path:
    """hwmonN with files such as `temp1_input="45000"`."""
    chip = classes / f"hwmon/hwmon{number}"
    chip.mkdir(parents=True)
    (chip / "name").write_text(f"{name}\n")
    for file, text in files.items():
        (chip / file).write_text(f"{text}\n")
    return chip


def _zone(classes: Path, number: int, kind: str, celsius: str, **trips: str) -> None:
    zone = classes / f"thermal/thermal_zone{number}"
    zone.mkdir(parents=True)
    (zone / "type").write_text(f"{kind}\n")
    (zone / "temp").write_text(f"{celsius}\n")
    for place, (trip, limit) in enumerate(trips.items()):
        (zone / f"trip_point_{place}_type").write_text(f"{trip}\n")
        (zone / f"trip_point_{place}_temp").write_text(f"{limit}\n")


def _look(classes: Path, **options: Any) -> Observation:
    return look(TemperatureSpec.model_validate(options), classes)


def _hot(classes: Path) -> dict[str, tuple[Any, ...]]:
    return {
        name: tuple(part.values[each] for each in ("celsius", "high", "critical", "left"))
        for name, part in _look(classes).parts.items()
    }


def test_sensors_come_with_their_limits_the_hottest_first(tmp_path: Path) -> None:
    _chip(
        tmp_path,
        0,
        "nvme",
        temp1_input="38850",
        temp1_label="Composite",
        temp1_max="81850",
        temp1_crit="84850",
    )
    _chip(tmp_path, 1, "coretemp", temp1_input="61000", temp1_label="Package id 0", temp1_crit="100000",
          temp2_input="-5000", temp3_input="61500", temp3_max="80000")  # fmt: skip
    assert list(_hot(tmp_path).items()) == [
        ("coretemp/temp3", (61.5, 80.0, None, 18.5)),
        ("coretemp/Package id 0", (61.0, None, 100.0, 39.0)),
        ("nvme/Composite", (38.85, 81.85, 84.85, 46.0)),
        ("coretemp/temp2", (-5.0, None, None, None)),
    ]


@pytest.mark.parametrize("odd", ["-128000", "127500", "255000", "hot", ""])
def test_sensor_that_cannot_be_believed_is_noted_and_not_judged(odd: str, tmp_path: Path) -> None:
    _chip(tmp_path, 0, "nct6775", temp1_input="40000", temp2_input=odd, temp2_label="AUXTIN0")
    seen = _look(tmp_path)
    assert set(seen.parts) == {"nct6775/temp1"}
    assert len(seen.notes) == 1
    assert seen.notes[0].startswith("nct6775/AUXTIN0 shows ")


def test_sensor_that_says_it_is_faulty_is_believed(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "k10temp", temp1_input="40000", temp1_fault="1")
    seen = _look(tmp_path)
    assert (seen.parts, seen.blind) == ({}, "k10temp/temp1 says that it is faulty")


def test_sensor_that_answers_with_an_error_is_noted(tmp_path: Path) -> None:
    chip = _chip(tmp_path, 0, "nvme", temp2_input="40000")
    (chip / "temp1_input").mkdir()
    seen = _look(tmp_path)
    assert (set(seen.parts), seen.notes) == ({"nvme/temp2"}, ("nvme/temp1 cannot be read: is a directory",))


@pytest.mark.parametrize("limit", ["0", "-1000", "65261850", "x"])
def test_limit_that_cannot_be_true_is_none(limit: str, tmp_path: Path) -> None:
    _chip(tmp_path, 0, "nvme", temp1_input="40000", temp1_max=limit, temp1_crit=limit)
    assert _hot(tmp_path) == {"nvme/temp1": (40.0, None, None, None)}


def test_thermal_zone_that_a_chip_stands_for_is_not_counted_twice(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "cpu_thermal", temp1_input="50000")
    _zone(tmp_path, 0, "cpu-thermal", "50000")
    _zone(tmp_path, 1, "gpu-thermal", "55000", passive="70000", hot="90000", critical="105000")
    assert _hot(tmp_path) == {
        "gpu-thermal/thermal_zone1": (55.0, 90.0, 105.0, 50.0),
        "cpu_thermal/temp1": (50.0, None, None, None),
    }


def test_chips_of_one_name_are_told_apart_by_their_devices(tmp_path: Path) -> None:
    for number in (0, 1):
        device = tmp_path / f"devices/nvme{number}"
        device.mkdir(parents=True)
        chip = _chip(tmp_path, number, "nvme", temp1_input=f"4{number}000", temp1_label="Composite")
        (chip / "device").symlink_to(device)
    assert list(_hot(tmp_path)) == ["nvme-nvme1/Composite", "nvme-nvme0/Composite"]


def test_sensors_of_one_label_hide_none(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "dell_smm", temp1_input="90000", temp1_label="Other", temp2_input="50000",
          temp2_label="Other", temp3_input="40000", temp3_label="CPU")  # fmt: skip
    assert {name: part[0] for name, part in _hot(tmp_path).items()} == {
        "dell_smm/Other": 90.0,
        "dell_smm/Other 2": 50.0,
        "dell_smm/CPU": 40.0,
    }


def test_sensors_are_chosen_and_left_out_by_name(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "coretemp", temp1_input="60000", temp2_input="61000", temp2_label="Core 0")
    _chip(tmp_path, 1, "nct6775", temp1_input="90000")
    assert set(_look(tmp_path, sensor="coretemp/*").parts) == {"coretemp/temp1", "coretemp/Core 0"}
    assert set(_look(tmp_path, exclude=["nct*", "*/Core*"]).parts) == {"coretemp/temp1"}
    assert _look(tmp_path, exclude=["*"]).blind == "every sensor is left out (check `exclude`)"
    missing = _look(tmp_path, sensor="nvme/*")
    assert (
        missing.blind
        == "no sensor is called nvme/* (there is coretemp/temp1, coretemp/Core 0, nct6775/temp1)"
    )


def test_host_without_sensors_is_unknown(tmp_path: Path) -> None:
    seen = _look(tmp_path)
    assert seen.blind == "this host has no temperature sensors (virtual machines and containers have none)"


def test_each_sensor_is_judged_by_its_own_limit(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "coretemp", temp1_input="85000", temp1_max="90000", temp1_crit="100000")
    _chip(tmp_path, 1, "nvme", temp1_input="70000", temp1_max="65000", temp1_crit="70000")
    rules = Rules(KIND, [parse(KIND.down or "")], [parse(KIND.degraded or "")])
    reading = judge(_look(tmp_path), rules, 0, 0.1)
    assert (reading.status, reading.values["sensor"]) == (Status.DOWN, "nvme/temp1")
    assert reading.message == "nvme/temp1: celsius >= critical (celsius = 70, critical = 70)"


def test_this_host_is_looked_at_as_psutil_does() -> None:
    known = psutil.sensors_temperatures()
    seen = probe(TemperatureSpec(), Context(timeout=5, network=Network(), now=1.8e9))
    assert (seen.blind is None) == bool(seen.parts)
    assert bool(seen.parts) or not [
        each for chip in known.values() for each in chip if -40 <= each.current <= 125
    ]


def test_text_of_a_chip_is_no_more_than_a_line(tmp_path: Path) -> None:
    _chip(tmp_path, 0, "x" * 5000, temp1_input="40000", temp1_label="\x1b[31m\u202e")
    (sensor,) = sensors(tmp_path)
    assert len(sensor.name) < 600
    (name,) = _look(tmp_path).parts
    assert name.isprintable() and len(name) <= 200
