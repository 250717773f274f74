"""`tocsin backup` and `tocsin restore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.output import local, print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from agent.store.backup import Backup
    from config.models import Config

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
_LOCKED = 70
ToOption = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Another directory than agent.backup.dir.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)]


@app.callback()
def backup(
    context: typer.Context, to: ToOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Take a backup now, verified, into one file; the daemon goes on meanwhile.

    Exit code: 0 when it is there, 1 when it could not be made.

    Example: tocsin backup --to /mnt/backups
    """
    if context.invoked_subcommand is not None:
        return
    from agent.clock import SystemClock
    from agent.store.backup import CannotBackUp, take

    configuration = loaded(config)
    if sys.stderr.isatty():
        print("copying and verifying …", file=sys.stderr)
    try:
        made = take(
            Path(configuration.agent.state_dir),
            _place(configuration, to),
            configuration.agent.id,
            SystemClock().now(),
        )
    except CannotBackUp as error:
        fail(str(error), 1)
    if as_json:
        print_json(_document(made))
    else:
        print(f"{made.file} ({_size(made.size)})")


@app.command("list")
def list_(to: ToOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the backups, the newest first.

    Example: tocsin backup list
    """
    from agent.store.backup import listed

    configuration = loaded(config)
    found = listed(_place(configuration, to))
    if as_json:
        print_json([_document(each) for each in found])
        return
    zone = configuration.agent.timezone
    rows = [(local(each.at, zone), _size(each.size), str(each.file)) for each in found]
    print_table(("taken", "size", "file"), rows, empty="no backups yet")


@app.command()
def verify(file: FileArgument, as_json: JsonOption = False) -> None:
    """Read a backup from end to end: is every file as it was written, and the database sound?

    Exit code: 0 when it is, 1 when not.

    Example: tocsin backup verify /var/lib/tocsin/backups/tocsin-web-01-20261123T031500Z.tar.gz
    """
    from agent.store.backup import CannotBackUp
    from agent.store.backup import verify as verified

    try:
        manifest = verified(file)
    except CannotBackUp as error:
        fail(str(error), 1)
    if as_json:
        print_json(manifest)
    else:
        print(f"{file} is whole")


def restore(file: FileArgument, config: ConfigOption = None) -> None:
    """Put a backup in the place of what is in the state directory. The daemon must not run.

    What is there now is set aside beside it, and the backup is verified before anything is touched.
    What waited to be sent to helpdesks is looked for there first.

    Exit code: 0 when done, 1 when it could not be, 70 while a daemon runs.

    Example: tocsin restore /var/lib/tocsin/backups/tocsin-web-01-20261123T031500Z.tar.gz
    """
    from agent.clock import SystemClock
    from agent.lock import StateLock, StateLocked
    from agent.store.backup import CannotBackUp
    from agent.store.backup import restore as put_back

    directory = Path(loaded(config).agent.state_dir)
    try:
        lock = StateLock(directory)
    except StateLocked:
        fail(f"a daemon runs on {directory}: stop it first (systemctl stop tocsin)", _LOCKED)
    try:
        before = put_back(file, directory, SystemClock().now())
    except CannotBackUp as error:
        fail(str(error), 1)
    finally:
        lock.release()
    if before is not None:
        print(f"what was there is kept: {before}")
    print(f"{directory} is as it was; start the daemon (systemctl start tocsin)")


def _place(configuration: Config, to: Path | None) -> Path:
    return to if to is not None else Path(configuration.agent.state_dir) / configuration.agent.backup.dir


def _document(made: Backup) -> dict[str, object]:
    return {"file": str(made.file), "at": rfc3339(made.at), "bytes": made.size}


def _size(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB" if size >= 1024**2 else f"{size / 1024:.0f} KiB"
