"""`tocsin service`: the systemd service of an installation by pipx or pip, as the Debian package has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.completion import Shell, script
from agent.cli.setting import fail

app = typer.Typer(
    help="The systemd service of an installation without the Debian package.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_USAGE, _OUR_FAULT = 64, 70
_PLACES: Mapping[str, str] = {
    "tocsin.service": "etc/systemd/system/tocsin.service",
    "tocsin.socket": "etc/systemd/system/tocsin.socket",
    "tocsin.sysusers": "etc/sysusers.d/tocsin.conf",
    "tocsin.tmpfiles": "etc/tmpfiles.d/tocsin.conf",
    "tocsin.sysctl": "etc/sysctl.d/50-tocsin.conf",
}
_FOR_THE_SHELL: Mapping[Shell, str] = {
    Shell.BASH: "usr/local/share/bash-completion/completions/tocsin",
    Shell.ZSH: "usr/local/share/zsh/site-functions/_tocsin",
    Shell.FISH: "usr/local/share/fish/vendor_completions.d/tocsin.fish",
}
_MANUAL = "usr/local/share/man/man1/tocsin.1"
_DROP_INS = "usr/local/share/tocsin/drop-ins"
_DEBIANS = "usr/lib/systemd/system/tocsin.service"
_PACKAGED = "/opt/tocsin/bin/tocsin"
_CONFIG, _STAYS = "etc/tocsin/tocsin.yaml", "/etc/tocsin, /var/lib/tocsin, the user tocsin"
_HOW = "PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install ./tocsin-*.whl"
# What means nothing else in a unit: no blanks, quotes, dollars or per cent signs.
_PLAIN = re.compile(r"[\w./@+-]+")
_THEN = (
    ("systemd-sysusers", "tocsin.conf"),
    ("systemd-tmpfiles", "--create", "tocsin.conf"),
    ("sysctl", "--quiet", "--load=/etc/sysctl.d/50-tocsin.conf"),
    ("systemctl", "daemon-reload"),
)
RootOption = Annotated[
    Path, typer.Option("--root", metavar="DIR", help="Below another directory; nothing is started then.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command()
def install(root: RootOption = Path("/"), dry_run: DryOption = False) -> None:
    """Write the unit, and make its user and directories. It is not started: a configuration comes first.

    The manual page and what shells complete are written too, below /usr/local/share.

    Exit code: 0 when done, 64 when it cannot be done here.

    Example: tocsin service install
    """
    _not_beside_the_package(root)
    steps = _THEN if root == Path("/") else ()
    for step in steps:
        _program(step)
    os.umask(0o022)  # whatever root's own is: others are to read what is written here
    for place, text in _texts(_command(root)):
        _say("write", root / place)
        if not dry_run:
            _write(root / place, text)
    for step in steps:
        _say("run", " ".join(step))
        if not dry_run:
            _run(step)
    if not dry_run:
        first = "" if (root / _CONFIG).exists() else f"tocsin init --output /{_CONFIG}; "
        print(f"Next: {first}systemctl enable tocsin; systemctl restart tocsin")


@app.command()
def remove(root: RootOption = Path("/"), dry_run: DryOption = False) -> None:
    """End the service and take its unit away. Data and configuration stay.

    Example: tocsin service remove
    """
    _not_beside_the_package(root)
    if root == Path("/"):
        _say("run", "systemctl disable --now tocsin.service tocsin.socket")
        if not dry_run:
            _run(("systemctl", "disable", "--now", "tocsin.service", "tocsin.socket"), must=False)
    for place in (*_unit_files(), _MANUAL, *_FOR_THE_SHELL.values()):
        _say("remove", root / place)
        if not dry_run:
            try:
                (root / place).unlink(missing_ok=True)
            except OSError as error:
                fail(f"{root / place}: {(error.strerror or str(error)).lower()} (run it as root)", _USAGE)
    if root == Path("/") and not dry_run:
        _run(("systemctl", "daemon-reload"), must=False)
    _say("stays", _STAYS)


def _not_beside_the_package(root: Path) -> None:
    """What the package has brought is its own to change."""
    unit = root / _DEBIANS
    if unit.exists():
        fail(f"the Debian package is installed, its unit is {unit}: apt remove tocsin first", _USAGE)


def _unit_files() -> dict[str, Path]:
    """What is written as it is shipped: the place below the root, and the file."""
    drop_ins = {f"{_DROP_INS}/{each.name}": each for each in sorted((_shipped() / "drop-ins").iterdir())}
    return {place: _shipped() / name for name, place in _PLACES.items()} | drop_ins


def _texts(command: Path) -> Iterator[tuple[str, str]]:
    """What is written where, below the root."""
    from agent.cli.manual import manual

    for place, file in _unit_files().items():
        yield place, file.read_text(encoding="utf-8").replace(_PACKAGED, str(command))
    yield _MANUAL, manual()
    for shell, place in _FOR_THE_SHELL.items():
        yield place, script(shell) + "\n"


def _command(root: Path) -> Path:
    """What the unit is to start: ours, where the service's user may reach it and, on this host, its Python."""
    command = Path(sys.executable).with_name("tocsin")
    if not command.exists():
        fail(f"{command} is not there: install it with pipx or pip first", _USAGE)
    if not _PLAIN.fullmatch(str(command)):
        fail(f"{command}: a unit cannot name this path as it is: install it elsewhere ({_HOW})", _USAGE)
    for file in (command, *([Path(sys.executable).resolve()] if root == Path("/") else ())):
        for each in file.parents:
            if not each.stat().st_mode & 0o001:
                fail(f"{file}: nobody but its owner may enter {each}: install it elsewhere ({_HOW})", _USAGE)
    return command


def _shipped() -> Path:
    """The unit and what belongs to it: in the package, or in the checkout."""
    import agent

    ours = Path(agent.__file__).parent
    packed = ours / "service_files"
    return packed if packed.is_dir() else ours.parent / "systemd"


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        written = place.with_name(f".{place.name}.new")
        written.write_text(text, encoding="utf-8")
        written.chmod(0o644)
        written.replace(place)
    except OSError as error:
        fail(f"{place}: {(error.strerror or str(error)).lower()} (run it as root)", _USAGE)


def _run(step: tuple[str, ...], *, must: bool = True) -> None:
    done = subprocess.run([_program(step), *step[1:]], capture_output=True, text=True, check=False)
    if done.returncode and must and step[0] != "sysctl":  # a container may forbid that; ping says so
        fail(f"{' '.join(step)}: {done.stderr.strip()[:300]}", _OUR_FAULT)


def _program(step: tuple[str, ...]) -> str:
    found = shutil.which(step[0], path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if found is None:
        hint = "apt-get install procps" if step[0] == "sysctl" else "this host has no systemd"
        fail(f"{step[0]} is not here: {hint}", _USAGE)
    return found


def _say(what: str, which: object) -> None:
    print(f"{what:<7} {which}")
