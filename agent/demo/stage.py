"""Where the demo plays: a directory with the configuration, the state and the logs."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from checks.registry import all_kinds
from config.loader import load
from config.models import Config

CONFIG_NAME, SITE_LOG, DAEMON_LOG, STATE = "tocsin.yaml", "site.log", "tocsin.log", "state"

# What config/examples/demo.yaml says by itself, and the demo replaces with what is free on this machine.
EXAMPLE_URL = "http://127.0.0.1:8080/"
EXAMPLE_LISTEN = "127.0.0.1:9809"
EXAMPLE_STATE = "/var/lib/tocsin-demo"


class Unusable(Exception):
    """The directory named cannot be used; the text says why."""


@contextmanager
def stage(keep: Path | None) -> Iterator[Path]:
    """The demo's directory: `keep`, or one that is removed at the end. Raises Unusable."""
    if keep is not None:
        yield _kept(keep)
        return
    directory = Path(tempfile.mkdtemp(prefix="tocsin-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _kept(keep: Path) -> Path:
    try:
        keep.mkdir(parents=True, exist_ok=True)
        occupied = any(keep.iterdir())
    except OSError as error:
        raise Unusable(f"cannot keep the demo in {keep}: {(error.strerror or str(error)).lower()}") from None
    if occupied:
        raise Unusable(f"{keep} is not empty: name a new directory with --keep, or empty this one")
    return keep.resolve()


def example() -> str:
    """The text of config/examples/demo.yaml."""
    return files("config").joinpath("examples", "demo.yaml").read_text(encoding="utf-8")


def write_config(directory: Path, url: str, listen: str) -> Config:
    """Write the demo's configuration with what is real here, and load it."""
    # A JSON text is a YAML text too, whatever characters the directory has in its name.
    state = json.dumps(str(directory / STATE), ensure_ascii=False)
    text = example()
    for told, real in ((EXAMPLE_URL, url), (EXAMPLE_LISTEN, listen), (EXAMPLE_STATE, state)):
        text = text.replace(told, real)
    path = directory / CONFIG_NAME
    path.write_text(text, encoding="utf-8")
    return load(path, all_kinds())


@contextmanager
def reserved_port() -> Iterator[int]:
    """A free port of 127.0.0.1 that nobody else is given meanwhile.

    Whoever sets SO_REUSEADDR, as the daemon does, may still listen on it (socket(7)).
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
