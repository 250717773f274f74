"""What is in the package: its own environment, nothing of where it was built, and a list of its parts."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from agent.cli.completion import Shell, script
from agent.cli.manual import manual
from tests.boxes.box import alone

Package = Callable[[str], Path]
MINOR = {"bookworm": 11, "trixie": 13}
OUTSIDE = {
    "usr/bin/tocsin",
    "usr/lib/systemd/system/tocsin.service",
    "usr/lib/systemd/system/tocsin.socket",
    "usr/lib/sysusers.d/tocsin.conf",
    "usr/lib/tmpfiles.d/tocsin.conf",
    "usr/lib/sysctl.d/50-tocsin.conf",
    "usr/share/doc/tocsin/changelog.gz",
    "usr/share/doc/tocsin/copyright",
    "usr/share/man/man1/tocsin.1.gz",
}
COMPLETIONS = {
    Shell.BASH: "bash-completion/completions/tocsin",
    Shell.ZSH: "zsh/vendor-completions/_tocsin",
    Shell.FISH: "fish/vendor_completions.d/tocsin.fish",
}


def told(*command: str | Path) -> str:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


@pytest.fixture
def file(package: Package) -> Path:
    return package("")


@pytest.fixture
def unpacked(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be looked at only: it is unpacked once for all."""
    place = tmp_path_factory.getbasetemp() / f"unpacked-{file.stem}"
    if not place.exists():
        told("dpkg-deb", "-x", file, place)
    return place


@pytest.fixture
def site(unpacked: Path, release: str) -> Path:
    return unpacked / "opt" / "tocsin" / "lib" / f"python3.{MINOR[release]}" / "site-packages"


def test_it_wants_exactly_its_python_and_all_is_roots(file: Path, release: str) -> None:
    minor = MINOR[release]
    depends = told("dpkg-deb", "-f", file, "Depends")
    assert f"python3 (>= 3.{minor}~), python3 (<< 3.{minor + 1}), python3.{minor}," in depends
    listed = told("dpkg-deb", "-c", file).splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    assert [line for line in listed if not line.startswith("l") and "w" in line[5] + line[8]] == []


def test_its_environment_holds_what_runs_and_nothing_of_where_it_was_made(
    unpacked: Path, site: Path, root: Path
) -> None:
    place = unpacked / "opt" / "tocsin"
    assert {each.name for each in (place / "bin").iterdir()} == {"python", "python3", "tocsin"}
    assert not {"pip", "hatchling", "setuptools"} & {each.name for each in site.iterdir()}
    built = re.compile(rb"/tmp/(root|from)\b|/var/cache/tocsin|" + re.escape(str(root).encode()))
    for each in place.rglob("*"):
        if each.is_file() and not each.is_symlink() and each.suffix in (".py", ".pyc", ".cfg", ""):
            assert not built.search(each.read_bytes()), each
    sources = {each.stem for each in (site / "agent").rglob("*.py")}
    assert sources == {each.name.partition(".")[0] for each in (site / "agent").rglob("*.pyc")}


def test_outside_its_environment_lie_the_unit_and_what_people_read(unpacked: Path, root: Path) -> None:
    found = {str(each.relative_to(unpacked)) for each in unpacked.rglob("*") if not each.is_dir()}
    drop_ins = {f"usr/share/tocsin/drop-ins/{each.name}" for each in (root / "systemd/drop-ins").iterdir()}
    completions = {f"usr/share/{each}" for each in COMPLETIONS.values()}
    assert {each for each in found if not each.startswith("opt/")} == OUTSIDE | drop_ins | completions
    share = unpacked / "usr" / "share"
    assert told("gzip", "-dc", share / "man/man1/tocsin.1.gz") == manual()
    for shell, place in COMPLETIONS.items():
        assert (share / place).read_text() == script(shell) + "\n"


def test_the_list_of_its_parts_names_all_that_is_there(file: Path, site: Path, root: Path) -> None:
    document = json.loads(Path(f"{file}.cdx.json").read_text())
    schema = yaml.safe_load((Path(__file__).parent / "parts_schema.yaml").read_text())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    there = {canonical(each.metadata["Name"]): each.version for each in distributions(path=[str(site)])}
    parts = [document["metadata"]["component"], *document["components"]]
    assert {each["name"]: each["version"] for each in parts} == there
    locked = (root / "requirements.lock").read_text()
    for each in document["components"]:
        assert f"--hash=sha256:{each['hashes'][0]['content']}" in locked, each
    assert leads_to(document) == {each["bom-ref"] for each in parts}
    copyright_page = (site.parents[4] / "usr/share/doc/tocsin/copyright").read_text()
    assert all(f"\n{each['name']} {each['version']} " in copyright_page for each in document["components"])


def leads_to(document: dict[str, Any]) -> set[str]:
    """All that is needed by what is needed, from Tocsin on."""
    needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    reached, asked = set(), [document["metadata"]["component"]["bom-ref"]]
    while asked:
        if (ref := asked.pop()) not in reached:
            reached.add(ref)
            asked += needs[ref]
    return reached


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_sums_are_those_of_all_that_was_made(file: Path, root: Path) -> None:
    with alone(root / "build" / "packages"):
        lines = (file.parent / "SHA256SUMS").read_text().splitlines()
        made = {each.name: each.read_bytes() for each in file.parent.iterdir() if each.name != "SHA256SUMS"}
    assert made.keys() >= {file.name, f"{file.name}.cdx.json", "requirements.lock"}
    assert {Path(each).suffix for each in made} >= {".whl", ".gz"}
    sums = {name: digest for digest, name in map(str.split, lines)}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}


@pytest.mark.parametrize("release", ["bookworm"], indirect=True)
def test_the_same_sources_make_the_same_package(
    file: Path, root: Path, trees: Path, release: str, tmp_path: Path
) -> None:
    told(f"{root}/script/package", "--release", release, "--trees", trees, "--output", tmp_path)
    for each in (file.name, f"{file.name}.cdx.json"):
        assert (tmp_path / each).read_bytes() == (file.parent / each).read_bytes(), each
