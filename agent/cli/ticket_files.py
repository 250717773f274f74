"""`tocsin tickets attach, attachments, save`: files that belong to a ticket."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import local, print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import ByOption, TicketArgument, VersionOption, told

if TYPE_CHECKING:
    from alerting.desk.attachment import Attachment
    from config.models import Config

_USAGE = 64


@also_afar
def attach(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="What is attached.", readable=False)],
    public: Annotated[bool, typer.Option("--public", help="The reporter may see it.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called from now on.")
    ] = None,
    by: ByOption = None,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Attach files to a ticket. What they are is told by their bytes; names and sizes have limits.

    Example: tocsin tickets attach T-12 screen.png --public
    """
    if name is not None and len(files) != 1:
        fail("--name is for one file", _USAGE)
    found = ask_ticket(
        config,
        "attach",
        ticket_number(ticket),
        attachments=contents(files, name),
        public=public,
        by=by,
        version=version,
    )
    names = ", ".join(f"{each['number']} ({each['name']})" for each in found["attachments"])
    told(found, f"attached to {found['id']}: {names}", as_json=as_json)


def attachments(ticket: TicketArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the files of a ticket.

    Example: tocsin tickets attachments T-12
    """
    from agent.desk.document import attachment_document
    from config.units import show_size

    configuration = loaded(config)
    found = _attachments(configuration, ticket_number(ticket))
    if as_json:
        print_json([attachment_document(each) for each in found])
        return
    zone = configuration.agent.timezone
    rows = [
        [e.number, e.name, e.type, show_size(e.size), local(e.at, zone), e.by, "" if e.internal else "public"]
        for e in found
    ]
    print_table(["no", "name", "type", "size", "at", "by", ""], rows, empty="no attachments")


def save(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="Which one, as `attachments` lists them.", min=1)
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Where to; default: its name, in this directory.", readable=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Save a file of a ticket. Nothing is opened or run.

    Example: tocsin tickets save T-12 1 --to /tmp/screen.png
    """
    from agent.desk.document import attachment_document
    from agent.store.files import Lost, content_of

    configuration = loaded(config)
    found = next((e for e in _attachments(configuration, ticket_number(ticket)) if e.number == number), None)
    if found is None:
        fail(f"T-{ticket_number(ticket)} has no attachment {number}", 1)
    try:
        content = content_of(Path(configuration.agent.state_dir), found.sha256)
    except Lost as error:
        fail(str(error), 1)
    target = to or Path(found.name)
    _write(target, content, force=force)
    told({**attachment_document(found), "path": str(target)}, f"saved {target}", as_json=as_json)


def contents(files: Sequence[Path], name: str | None = None) -> list[dict[str, str]]:
    """Names and bytes (base64) of files, as they are sent. What cannot be read, or is too much, ends the command."""
    from config.attachments import LARGEST

    found, size = [], 0
    for each in files:
        content = _read(each)
        size += len(content)
        if size > LARGEST:
            fail(f"{each}: is too much beside the others: attach them one after another", 1)
        found.append({"name": name or each.name, "content": base64.b64encode(content).decode()})
    return found


def _read(path: Path) -> bytes:
    from config.attachments import LARGEST

    try:
        # Not to wait for whoever writes into a pipe.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                fail(f"{path}: is no regular file", 1)
            content = file.read(LARGEST + 1)
    except OSError as error:
        fail(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}", 1)
    if len(content) > LARGEST:
        fail(f"{path}: is larger than anything that can be attached", 1)
    return content


def _write(path: Path, content: bytes, *, force: bool) -> None:
    over = os.O_TRUNC if force else os.O_EXCL
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | over, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
    except FileExistsError:
        fail(f"{path} is there already (write over it with --force, or say another place with --to)", 1)
    except OSError as error:
        fail(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}", 1)


def _attachments(config: Config, number: int) -> list[Attachment]:
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            if not any(each.number == number for each in store.tickets()):
                fail(f"there is no ticket T-{number}", 1)
            return store.attachments(number)
    except NoStore as error:
        fail(str(error), 1)
