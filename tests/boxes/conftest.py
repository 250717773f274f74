"""Boxes of each Debian that is supported, and the packages for them; made once, whoever needs them first."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.boxes.box import RELEASES, Box, alone, tree

Program = Callable[[str, str], Path]
Package = Callable[[str], Path]
_IN_THE_PACKAGE = ("agent", "alerting", "checks", "config", "systemd")


@pytest.fixture(scope="session")
def trees(root: Path) -> Path:
    return root / "build" / "trees"


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest, program: Program) -> str:
    for name, package in (
        ("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux"),
    ):  # fmt: skip
        program(name, package)
    if os.geteuid() != 0:
        pytest.skip("only root can boot a box")
    return str(request.param)


@pytest.fixture
def package(root: Path, trees: Path, release: str) -> Package:
    """The package of this checkout for the release; its version ends in what is given."""

    def made(suffix: str = "") -> Path:
        tree(trees, release)
        place = root / "build" / "packages" / _state_of(root) / (suffix or "plain")
        name = f"tocsin_*~{release}_*.deb"
        with alone(root / "build" / "packages"):
            if not list(place.glob(name)):
                command = [f"{root}/script/package", "--release", release, "--trees", f"{trees}"]
                more = ["--output", f"{place}", *(["--suffix", suffix] if suffix else [])]
                done = subprocess.run(
                    [*command, *more], capture_output=True, text=True, timeout=900, check=False
                )
                assert done.returncode == 0, done.stdout + done.stderr
        (found,) = place.glob(name)
        return found

    return made


@pytest.fixture
def box(trees: Path, release: str, tmp_path: Path) -> Iterator[Box]:
    with Box(tree(trees, release), tmp_path) as box:
        yield box


def _state_of(root: Path) -> str:
    """Of all that goes into the package."""
    digest = hashlib.sha256()
    files = [root / "pyproject.toml", root / "requirements.lock", root / "CHANGELOG.md"]
    files += [root / "script" / each for each in ("package", "parts.py")]
    for each in _IN_THE_PACKAGE:
        files += sorted(path for path in (root / each).rglob("*") if path.is_file() and path.suffix != ".pyc")
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
