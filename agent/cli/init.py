"""`tocsin init`: a first configuration from what is on this host."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.setting import ConfigOption, fail, kinds, named_path

if TYPE_CHECKING:
    from agent.survey.found import Host
    from agent.survey.proposal import Proposal

_USAGE = 64
_GROUP = "tocsin"
_FEW = 6


def init(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write. Default: the file of --config or $TOCSIN_CONFIG, else ./tocsin.yaml.",
        ),
    ] = None,
    to_stdout: Annotated[
        bool, typer.Option("--stdout", help="Print the file instead of writing it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file when there is one.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what is found.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write a first configuration from what is found on this host, and from five questions at most.

    It looks at file systems, listening ports, sites and logs of nginx and Apache, daemons, updates. Nothing is
    run, nothing is connected to. Run it as root to let it read all configurations. Nothing is asked where no
    person sits at a terminal.

    Exit code: 0 when written, 64 when there is such a file already or it cannot be written.

    Example: tocsin init --output /etc/tocsin/tocsin.yaml
    """
    from agent.cli.questions import asked, can_ask
    from agent.survey.host import survey
    from agent.survey.proposal import proposal
    from agent.survey.starter import NOTHING_SAID, starter

    target = output or named_path(config) or Path("tocsin.yaml")
    if not (to_stdout or force) and os.path.lexists(target):
        _refuse(target)
    host = survey()
    answers = NOTHING_SAID if yes or not can_ask() else asked(host)
    found = proposal(host, answers.address)
    text = starter(host, found, kinds(), answers)
    _tell(host, found)
    if to_stdout:
        sys.stdout.write(text)
        return
    _write(target, text, force=force)
    _tell_what_next(target)


def _write(target: Path, text: str, *, force: bool) -> None:
    """The whole file or none; it may be read by the group, since it will hold what others should not know."""
    from agent.survey.new_file import write_new, write_over

    try:
        (write_over if force else write_new)(target, text, group=_GROUP)
    except FileExistsError:
        _refuse(target)
    except OSError as error:
        fail(f"{target}: cannot be written: {(error.strerror or str(error)).lower()}", _USAGE)


def _refuse(target: Path) -> None:
    fail(f"{target} exists already (replace it with --force, or name another with --output)", _USAGE)


def _tell(host: Host, found: Proposal) -> None:
    """What was found, on stderr: stdout may be the file itself."""
    own, *others = found.services
    answering = [each.name for each in others if each.name != "daemons"]
    daemons = next((each.checks for each in others if each.name == "daemons"), ())
    lines = [
        ("file systems", [each.point for each in host.file_systems]),
        ("listening", [*(name for name in own.checks if name == "ssh"), *answering]),
        ("daemons", [*daemons]),
        ("access logs", list(host.access_logs)),
    ]
    for noun, names in lines:
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        print(f"{noun + ':':<14}{', '.join(names[:_FEW]) or 'none found'}{more}", file=sys.stderr)
    for remark in host.remarks[:_FEW]:
        print(f"not looked at: {remark}", file=sys.stderr)


def _tell_what_next(target: Path) -> None:
    named = shlex.quote(str(target))
    print(f"wrote {target}")
    print("Next: look through it, then")
    for command, why in (
        ("check", "look once, now"),
        ("doctor", "see whether the service can do its work here"),
    ):
        print(f"  {f'tocsin {command} --config {named}':<40}   {why}")
