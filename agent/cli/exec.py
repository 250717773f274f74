"""`tocsin exec`: a command whose start, end, exit code and last output are reported as a heartbeat."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from agent.cli.setting import ConfigOption, Ended, named_path

_DEFAULT = "127.0.0.1:9809"
_TAIL_BYTES, _TAIL_LINES = 4096, 30
_SYSTEM_WIDE = Path("/etc/tocsin/tocsin.yaml")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "*": "127.0.0.1"}


class AfterDashes(TyperCommand):
    """Whose job stands behind `--`. Without it `sh -c ...` would lose its `-c` to us, run nothing, and end well."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        job = args[args.index("--") + 1 :] if "--" in args else None
        rest: list[str] = super().parse_args(ctx, args)
        if list(ctx.params.get("command") or ()) != job:
            raise typer.BadParameter("write -- between the key and the job: tocsin exec KEY -- COMMAND", ctx)
        return rest


def exec_(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="The key of the job; `-` takes it from $TOCSIN_HEARTBEAT_KEY, `@FILE` from a file.",
        ),
    ],
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The job and its arguments.")],
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Where Tocsin is. Default: $TOCSIN_URL, agent.listen, 127.0.0.1:9809.",
        ),
    ] = None,
    no_output: Annotated[
        bool, typer.Option("--no-output", help="Send nothing of what the job prints, and do not look at it.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Run a job and report it as a heartbeat: its start, its end with the exit code, and its last lines.

    The job runs whatever becomes of the reports: what it prints, the signals it is sent and its exit code pass
    through, and when Tocsin cannot be reached within a few tries at the end, one line on stderr says so.

    Exit code: that of the job; 128 and the number of the signal that ended it; 127 when there is no such command,
    126 when it cannot be run.

    Example: tocsin exec 6b1f3d0c9a7e4f25 -- /usr/local/bin/backup --all
    """
    from agent.cli.job import last_lines, run
    from agent.cli.reports import Reports

    reports: Reports | None = None
    try:
        reports = Reports(
            url or os.environ.get("TOCSIN_URL") or _listening(config), _read(key), str(uuid.uuid4())
        )
        reports.begin()
    except ValueError as error:
        _complain(str(error))
    ending = run(command, 0 if no_output else _TAIL_BYTES)
    if reports is not None:
        reason = reports.end(ending.code, last_lines(ending.tail, _TAIL_LINES))
        if reason:
            _complain(reason)
    raise Ended(ending.code)


def _complain(reason: str) -> None:
    print(f"tocsin: the job was not reported: {reason}", file=sys.stderr)


def _read(key: str) -> str:
    """The key itself. Raises ValueError."""
    if key == "-":
        key = os.environ.get("TOCSIN_HEARTBEAT_KEY", "")
        if not key:
            raise ValueError("TOCSIN_HEARTBEAT_KEY is not set")
    elif key.startswith("@"):
        path = Path(key[1:])
        try:
            key = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(
                f"the key cannot be read from {path}: {(error.strerror or '').lower()}"
            ) from None
        except UnicodeDecodeError:
            raise ValueError(f"{path} holds no key, but bytes that are no text") from None
    if not key:
        raise ValueError("the key is empty")
    return key


def _listening(config: Path | None) -> str:
    """The address of `agent.listen`. A file that is absent or wrong must not keep a job from running."""
    path = named_path(config) or _SYSTEM_WIDE
    listen = _DEFAULT
    try:
        import yaml

        document: Any = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        listen = str(document["agent"]["listen"])
    except Exception:
        listen = _DEFAULT
    host, _, port = listen.rpartition(":")
    return f"http://{_EVERYWHERE.get(host, host)}:{port}"
