"""What is installed: our four names are ours alone, the wheel holds them, the locks pin all."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"agent", "alerting", "checks", "config"}
LOCKS = ("requirements.lock", "requirements-dev.lock")

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==\S+(?P<rest>.*(?:\n    --hash=.*)*)", re.MULTILINE)


def _manifest() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _pins(lock: str) -> dict[str, int]:
    """Canonical name -> number of hashes, for each requirement in the lock."""
    text = (ROOT / lock).read_text()
    return {canonicalize_name(pin["name"]): pin["rest"].count("--hash=sha256:") for pin in PIN.finditer(text)}


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


@pytest.mark.parametrize("package", sorted(ROOMS))
def test_no_other_distribution_owns_the_name(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"tocsin"}


def test_installed_command_is_ours() -> None:
    commands = distribution("tocsin").entry_points.select(group="console_scripts")
    assert {command.name: command.value for command in commands} == {"tocsin": "agent.cli:main"}


def test_installed_version_is_that_of_the_manifest() -> None:
    assert distribution("tocsin").version == _manifest()["project"]["version"]


def test_wheel_holds_exactly_the_four_packages() -> None:
    assert set(_manifest()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == ROOMS
    packed = [Path(file.distribution_path) for file in WheelBuilder(str(ROOT)).recurse_included_files()]
    assert {path.parts[0] for path in packed} == ROOMS
    assert {path for path in packed if path.name == "__init__.py" and len(path.parts) == 2} == {
        Path(room, "__init__.py") for room in ROOMS
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_carries_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    # An option of its own, a direct reference (`name @ …`), or anything that looks like a location.
    assert re.findall(r"^\s*-(?!-hash=sha256:)\S.*|@ \S+|\w+://\S*|file:.*", text, re.MULTILINE) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_in_the_lock_has_a_hash(lock: str) -> None:
    pins = _pins(lock)
    requirements = [line for line in (ROOT / lock).read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert len(pins) == len(requirements), "a requirement is not pinned with =="
    assert [name for name, hashes in pins.items() if not hashes] == []


def test_every_dependency_is_pinned() -> None:
    manifest = _manifest()
    groups = manifest["dependency-groups"]
    tools = [line for line in groups["dev"] if isinstance(line, str)]
    assert _names(manifest["project"]["dependencies"] + groups["build"]) <= _pins("requirements.lock").keys()
    assert _names(tools) <= _pins("requirements-dev.lock").keys()


def test_development_runs_on_the_pins_of_production() -> None:
    def exact(lock: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.MULTILINE))

    assert exact("requirements.lock") <= exact("requirements-dev.lock")


def test_an_environment_behind_a_link_is_never_cleared(tmp_path: Path) -> None:
    checkout, other = tmp_path / "checkout", tmp_path / "other"
    (checkout / "script").mkdir(parents=True)
    for name in ("script/setup", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, checkout / name)
    other.mkdir()
    (other / "kept").touch()
    (checkout / ".venv").symlink_to(other)
    done = subprocess.run(
        [checkout / "script" / "setup"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, [each.name for each in other.iterdir()]) == (69, ["kept"])
    assert "is a link" in done.stderr
