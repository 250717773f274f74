"""What is in the package: its own environment, nothing of where it was built, and a list of its parts."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

Package = Callable[[str], Path]
MINOR = {"bookworm": 11, "trixie": 13}


def told(*command: str | Path) -> str:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


def test_the_package(package: Package, release: str, root: Path, tmp_path: Path) -> None:
    file = package("")
    minor = MINOR[release]
    assert f"python3 (>= 3.{minor}~), python3 (<< 3.{minor + 1}), python3.{minor}," in told(
        "dpkg-deb", "-f", file, "Depends"
    )
    listed = told("dpkg-deb", "-c", file).splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    writable = [line for line in listed if not line.startswith("l") and "w" in line[5] + line[8]]
    assert writable == []
    told("dpkg-deb", "-x", file, tmp_path)
    place = tmp_path / "opt" / "tocsin"
    assert {each.name for each in (place / "bin").iterdir()} == {"python", "python3", "tocsin"}
    site = place / "lib" / f"python3.{minor}" / "site-packages"
    assert not {"pip", "hatchling", "setuptools"} & {each.name for each in site.iterdir()}
    built = re.compile(rb"/tmp/(root|from)\b|/var/cache/tocsin|" + re.escape(str(root).encode()))
    for each in place.rglob("*"):
        if each.is_file() and not each.is_symlink() and each.suffix in (".py", ".pyc", ".cfg", ""):
            assert not built.search(each.read_bytes()), each
    sources = {each.stem for each in (site / "agent").rglob("*.py")}
    assert sources == {each.name.partition(".")[0] for each in (site / "agent").rglob("*.pyc")}
    listed_parts(file, site)


def listed_parts(file: Path, site: Path) -> None:
    """The list of parts says what is there, and the sums are right."""
    parts = json.loads(Path(f"{file}.cdx.json").read_text())
    assert (parts["bomFormat"], parts["specVersion"]) == ("CycloneDX", "1.5")
    there = [distribution.metadata["Name"] for distribution in distributions(path=[str(site)])]
    named = {each["name"] for each in parts["components"]}
    assert {re.sub(r"[-_.]+", "-", each).lower() for each in there} == {*named, "tocsin"}
    for each in parts["components"]:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["licenses"][0]["license"]["name"] != "unknown", each
        assert all(re.fullmatch("[0-9a-f]{64}", found["value"]) for found in each["properties"])
    lines = (file.parent / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    assert sums[file.name] == hashlib.sha256(file.read_bytes()).hexdigest()
