"""A Debian in a directory: its own dpkg status, its own apt lists, fetched from a repository of the test's own."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

_DIRECTORIES = (
    *("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "var/lib/apt/lists/partial"),
    *("var/cache/apt/archives/partial", "var/lib/dpkg", "run"),
)


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Debian:
    """`root` is the tree, `archives` where its repositories lie."""

    root: Path
    archives: Path

    def install(self, **versions: str) -> None:
        """Say that these packages are installed."""
        entries = (
            f"Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: all\n"
            f"Maintainer: Nobody <nobody@example.org>\nDescription: {name}\n\n"
            for name, version in versions.items()
        )
        with (self.root / "var/lib/dpkg/status").open("a") as status:
            status.writelines(entries)

    def publish(self, suite: str, label: str, depends: str = "", **versions: str) -> None:
        """Really build these packages and offer them in an archive."""
        archive = self.archives / suite
        archive.mkdir(exist_ok=True)
        entries = [self._built(archive, name, version, depends) for name, version in versions.items()]
        packages = "\n".join(entries).encode()
        (archive / "Packages").write_bytes(packages)
        digest = hashlib.sha256(packages).hexdigest()
        (archive / "Release").write_text(
            f"Origin: {label.removesuffix('-Security')}\nLabel: {label}\nSuite: {suite}\nVersion: 12\n"
            f"Date: Sat, 01 Aug 2026 10:00:00 UTC\nArchitectures: all\nSHA256:\n {digest} {len(packages)} Packages\n"
        )
        with (self.root / "etc/apt/sources.list").open("a") as sources:
            sources.write(f"deb [trusted=yes] file:{archive} ./\n")

    def _built(self, archive: Path, name: str, version: str, depends: str) -> str:
        control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nDescription: {name}\n"
        control += "Maintainer: Nobody <nobody@example.org>\n" + (f"Depends: {depends}\n" if depends else "")
        folder = archive / f"{name}-build"
        (folder / "DEBIAN").mkdir(parents=True)
        (folder / "DEBIAN/control").write_text(control)
        folder.chmod(0o755)
        (folder / "DEBIAN").chmod(0o755)
        file = archive / f"{name}_{version}_all.deb"
        _run("dpkg-deb", "-Zgzip", "--root-owner-group", "--build", folder, file)
        data = file.read_bytes()
        return f"{control}Filename: ./{file.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"

    def fetch(self) -> None:
        """What `apt-get update` does."""
        places = {"State": "var/lib/apt", "State::status": "var/lib/dpkg/status", "Etc": "etc/apt"}
        places |= {"Cache": "var/cache/apt"}
        options = [
            part for name, place in places.items() for part in ("-o", f"Dir::{name}={self.root / place}")
        ]
        _run("apt-get", *options, "-o", "APT::Sandbox::User=", "-qq", "update")


def debian(folder: Path) -> Debian:
    """An empty one."""
    root, archives = folder / "root", folder / "archives"
    for name in _DIRECTORIES:
        (root / name).mkdir(parents=True)
    archives.mkdir()
    (root / "var/lib/dpkg/status").touch()

    return Debian(root, archives)
