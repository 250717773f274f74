"""Temperature: how hot are the sensors of this host, and how near their limits?

Every sensor is judged by itself, and the reading is that of the worst, by default the hottest: chips that the
kernel's hwmon knows (processors, NVMe disks, mainboard), and thermal zones that are no chip already. `high`
and `critical` are what the chip itself names; limits that cannot be true are left out, and so are sensors
that say they are faulty or show a temperature that no computer has.

Virtual machines and containers have no sensors: there is nothing to look at, and the check is unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.text import visible

ALL = "all"
_MOST = 256
# Degrees Celsius: an unconnected input shows -128, 127.5 or 255; a limit may lie higher than what is seen.
_COLDEST, _HOTTEST, _HIGHEST_LIMIT = -40.0, 125.0, 150.0
_ODD = "shows a temperature that cannot be"
_INPUT = re.compile(r"temp\d+_input")


class TemperatureSpec(Spec):
    """Which sensors."""

    sensor: str = Field(
        ALL,
        description="a sensor by its name, `chip/label`, with `*` for any text; or `all`",
        examples=["coretemp/*", "nvme*/Composite"],
        min_length=1,
        max_length=200,
    )
    exclude: tuple[str, ...] = Field(
        (), description="names to leave out, with `*`", examples=[["nct6775/AUXTIN*"]]
    )


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor in degrees Celsius; `fault` says why its temperature is not known."""

    name: str
    chip: str
    celsius: float | None
    high: float | None = None
    critical: float | None = None
    fault: str = ""


def probe(spec: TemperatureSpec, _context: Context) -> Observation:
    """Look once, now."""
    return look(spec, Path("/sys/class"))


def look(spec: TemperatureSpec, classes: Path) -> Observation:
    """One part for each sensor below `classes`, the hottest first."""
    every = sensors(classes)
    chosen = [sensor for sensor in every if _wanted(spec, sensor.name)]
    known = sorted((sensor for sensor in chosen if sensor.celsius is not None), key=_heat, reverse=True)
    faults = tuple(f"{visible(each.name)} {each.fault}" for each in chosen if each.celsius is None)
    if known:
        parts = {visible(sensor.name): Observation(values=_values(sensor)) for sensor in known}
        return Observation(parts=parts, notes=faults)
    if faults:
        told = "; ".join(faults[:5])
    elif every and spec.sensor == ALL:
        told = "every sensor is left out (check `exclude`)"
    elif every:
        names = ", ".join(visible(each.name, 40) for each in every[:5])
        told = f"no sensor is called {visible(spec.sensor)} (there is {names})"
    else:
        told = "this host has no temperature sensors (virtual machines and containers have none)"
    return Observation(blind=told, error_kind=ErrorKind.LOCAL, notes=faults)


def sensors(classes: Path) -> list[Sensor]:
    """Of all chips, then of the thermal zones that no chip stands for."""
    chips = sorted((classes / "hwmon").glob("hwmon*"), key=_number)
    found = _told_apart([(chip, sensor) for chip in chips for sensor in _of_chip(chip)])
    # The kernel gives most thermal zones a chip of the same name, with `_` for `-`.
    known = {sensor.chip for sensor in found}
    zones = sorted((classes / "thermal").glob("thermal_zone*"), key=_number)
    rest = [(zone, _of_zone(zone)) for zone in zones if _text(zone / "type").replace("-", "_") not in known]
    return [*found, *_told_apart(rest)][:_MOST]


def _of_chip(chip: Path) -> Iterator[Sensor]:
    """Format: hwmon/sysfs-interface of the kernel, in thousandths of a degree."""
    name = _text(chip / "name") or _text(chip / "device/name") or chip.name
    for file in sorted(
        (each for each in chip.glob("temp*_input") if _INPUT.fullmatch(each.name)), key=_number
    ):
        stem = file.name.removesuffix("_input")
        label = _text(chip / f"{stem}_label") or stem
        sensor = _measured(f"{name}/{label}", name, file)
        if _text(chip / f"{stem}_fault") == "1":
            sensor = replace(sensor, celsius=None, fault="says that it is faulty")
        yield replace(sensor, high=_limit(chip / f"{stem}_max"), critical=_limit(chip / f"{stem}_crit"))


def _of_zone(zone: Path) -> Sensor:
    name = _text(zone / "type") or zone.name
    trips = {
        _text(file): _limit(file.with_name(file.name.replace("_type", "_temp")))
        for file in sorted(zone.glob("trip_point_*_type"), key=_number, reverse=True)
    }
    sensor = _measured(f"{name}/{zone.name}", name, zone / "temp")
    return replace(sensor, high=trips.get("hot"), critical=trips.get("critical"))


def _told_apart(found: list[tuple[Path, Sensor]]) -> list[Sensor]:
    """Two chips of one name carry their device's, such as `nvme-nvme1/Composite`; then two of one label a number."""
    chips = Counter(name for name, _ in {(sensor.name, directory) for directory, sensor in found})
    told = [
        sensor if chips[sensor.name] == 1 else replace(sensor, name=_longer(directory, sensor))
        for directory, sensor in found
    ]
    return [_numbered(sensor, [each.name for each in told[:place]]) for place, sensor in enumerate(told)]


def _numbered(sensor: Sensor, before: list[str]) -> Sensor:
    """Some mainboards call several sensors `Other`: none may hide another."""
    count = before.count(sensor.name)
    return replace(sensor, name=f"{sensor.name} {count + 1}") if count else sensor


def _longer(directory: Path, sensor: Sensor) -> str:
    device = directory / "device"
    tail = device.resolve().name if device.exists() else directory.name
    return f"{sensor.chip}-{tail}{sensor.name.removeprefix(sensor.chip)}"


def _measured(name: str, chip: str, file: Path) -> Sensor:
    try:
        celsius = int(file.read_text()) / 1000
    except OSError as error:
        return Sensor(name, chip, None, fault=f"cannot be read: {(error.strerror or str(error)).lower()}")
    except ValueError:
        return Sensor(name, chip, None, fault="shows no number")
    return (
        Sensor(name, chip, celsius)
        if _COLDEST <= celsius <= _HOTTEST
        else Sensor(name, chip, None, fault=_ODD)
    )


def _limit(file: Path) -> float | None:
    """A limit that can be true: 0 and below, or more than any chip bears, stand for none."""
    try:
        celsius = int(_text(file)) / 1000
    except ValueError:
        return None
    return celsius if 0 < celsius <= _HIGHEST_LIMIT else None


def _values(sensor: Sensor) -> Mapping[str, Scalar]:
    ends = [limit for limit in (sensor.critical, sensor.high) if limit is not None]
    return {
        "celsius": sensor.celsius,
        "high": sensor.high,
        "critical": sensor.critical,
        "left": round(ends[0] - sensor.celsius, 3) if ends and sensor.celsius is not None else None,
        "sensor": visible(sensor.name),
    }


def _wanted(spec: TemperatureSpec, name: str) -> bool:
    if any(fnmatchcase(name, each) for each in spec.exclude):
        return False
    return spec.sensor == ALL or fnmatchcase(name, spec.sensor)


def _heat(sensor: Sensor) -> float:
    return sensor.celsius or 0.0


def _number(file: Path) -> tuple[int, str]:
    """By the first number in the name: hwmon10 after hwmon9."""
    found = re.search(r"\d+", file.name)
    return (int(found[0]) if found else 0, file.name)


def _text(file: Path) -> str:
    """One line; empty when it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(256).decode("utf-8", "replace").strip()
    except OSError:
        return ""


KIND = Kind(
    name="temperature",
    summary="measures how hot the sensors of this host are",
    spec=TemperatureSpec,
    probe=probe,
    values=(
        Value("celsius", "", "temperature of the sensor in degrees Celsius"),
        Value(
            "high", "", "the chip's own limit for a temperature that is too high; absent where it names none"
        ),
        Value(
            "critical", "", "the chip's own limit for damage or an emergency stop; absent where it names none"
        ),
        Value("left", "", "degrees until `critical`, or `high` where there is no other limit"),
        Value("sensor", "", "the sensor that these figures are of", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: temperature\ndegraded: celsius > 80 for 5m\ndown: celsius >= critical\n",
    blocking=True,
    down="celsius >= critical",
    degraded="celsius >= high for 5m",
)
