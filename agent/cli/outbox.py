"""`tocsin outbox`: what other helpdesks are to hold, what people are told, what waits for a person."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from agent.cli.afar import also_afar
from agent.cli.asking import asked
from agent.cli.completion import helpdesk_names
from agent.cli.output import local, print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such
from agent.cli.source import source

if TYPE_CHECKING:
    from alerting.desk.notices import Notice
    from alerting.outgoing import Outgoing
    from config.models import Config

    Entry: TypeAlias = Outgoing | Notice

app = typer.Typer(
    help="Tickets on their way to other helpdesks, and notices to people.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_USAGE = 64
KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Its key: toc-… or note-…, or as much of it as is enough.")
]
HelpdeskOption = Annotated[
    str | None,
    typer.Option(
        "--helpdesk",
        metavar="NAME",
        help="Only in this helpdesk or channel.",
        autocompletion=helpdesk_names,
    ),
]


@app.command("list")
@also_afar
def list_(
    config: ConfigOption = None,
    only_unsent: Annotated[bool, typer.Option("--unsent", help="Only what is not delivered.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what other helpdesks are to hold and what people are told, the latest change first.

    Example: tocsin outbox list --unsent
    """
    found = source(config).outbox(only_unsent=only_unsent)
    if as_json:
        print_json(found)
        return
    rows = [_row(entry) for entry in found]
    columns = ["key", "helpdesk", "ticket", "desired", "seen", "state", "tries", "reason"]
    print_table(columns, rows, empty="the outbox is empty")


@app.command()
def show(key: KeyArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the entries of a key: what is wanted, what was seen there, how the last try ended.

    Example: tocsin outbox show toc-5f62ba63
    """
    from alerting.desk.notices import Notice

    configuration = loaded(config)
    whole = _whole_key(configuration, key)
    found = [entry for entry in _entries(configuration) if entry.key == whole]
    if as_json:
        from agent.views.outbox import outbox_document

        print_json([outbox_document(entry) for entry in found])
        return
    for entry in found:
        if isinstance(entry, Notice):
            _print_notice(entry, configuration.agent.timezone)
        else:
            _print(entry, configuration.agent.timezone)


@app.command()
def retry(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Its key, or the beginning of it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is not delivered.")] = False,
    helpdesk: HelpdeskOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try again at once, after you have mended what was in the way.

    What may or may not have been created is looked for first, where that can be done.

    Example: tocsin outbox retry --all
    """
    if (key is None) != everything:
        fail("say which: either a KEY or --all", _USAGE)
    configuration = loaded(config)
    _known(configuration, helpdesk)
    whole = None if key is None else _whole_key(configuration, key)
    _say(configuration, {"key": whole, "helpdesk": helpdesk}, as_json=as_json)


@app.command()
def drop(
    key: KeyArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for people.")],
    helpdesk: HelpdeskOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send nothing more of a key, not even that it is over. Our own ticket stays as it is.

    A ticket that goes to several helpdesks has one key in all of them: say then which is meant.

    Example: tocsin outbox drop toc-5f62ba63 --reason "project was closed" --helpdesk jira
    """
    if not reason.strip():
        fail("--reason: say why", _USAGE)
    configuration = loaded(config)
    _known(configuration, helpdesk)
    whole = _whole_key(configuration, key)
    if helpdesk is None:
        _not_several(configuration, whole)
    _say(configuration, {"key": whole, "drop": reason, "helpdesk": helpdesk}, as_json=as_json)


def _row(entry: dict[str, Any]) -> list[Any]:
    """Of its document; a notice has a kind, where a ticket has a state."""
    reason = entry["last_error"] and textwrap.shorten(entry["last_error"], 40, placeholder=" …")
    wanted, seen = entry["desired"], entry["observed"] or {}
    there = seen.get("state") or ("sent" if seen.get("sent_at") else None)
    return [
        entry["key"][:12], entry["helpdesk"], entry["ticket"], wanted.get("kind") or wanted["state"], there,
        entry["state"], entry["attempts"], reason,
    ]  # fmt: skip


def _print(entry: Outgoing, zone: str) -> None:
    wanted, seen = entry.desired, entry.observed
    print(f"{entry.key}  {entry.helpdesk}  T-{entry.ticket}")
    print(f"state {entry.state}, tries {entry.attempts}, changed {local(entry.changed_at, zone)}")
    if entry.next_at is not None:
        print(f"next try {local(entry.next_at, zone)}")
    if entry.last_error:
        print(f"reason: {entry.last_error}")
    print(f"wanted: {wanted.state}, priority {wanted.priority}, {len(wanted.comments)} comments to come")
    print(f"seen:   {f'{seen.state}, {seen.id} {seen.url or str()}'.rstrip() if seen else 'nothing yet'}\n")


def _print_notice(notice: Notice, zone: str) -> None:
    print(f"{notice.key}  {notice.channel}  T-{notice.ticket}")
    print(f"state {notice.state}, tries {notice.attempts}, asked for {local(notice.at, zone)}")
    if notice.next_at is not None:
        print(f"next try {local(notice.next_at, zone)}")
    if notice.last_error:
        print(f"reason: {notice.last_error}")
    print(f"wanted: {notice.kind} to {f'{notice.name} {notice.to}'.strip()}: {notice.subject}")
    print(
        f"seen:   {f'sent {local(notice.sent_at, zone)}' if notice.sent_at is not None else 'nothing yet'}\n"
    )


def _place(entry: Entry) -> str:
    """The helpdesk, or the channel."""
    from alerting.desk.notices import Notice

    return entry.channel if isinstance(entry, Notice) else entry.helpdesk


def _entries(config: Config) -> list[Entry]:
    from agent.store.reader import NoStore, reading
    from agent.views.outbox import entries

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return entries(store)
    except NoStore as error:
        fail(str(error), 1)


def _whole_key(config: Config, begin: str) -> str:
    from checks.text import visible

    if not begin:
        fail("KEY is empty: say which", _USAGE)
    found = sorted({entry.key for entry in _entries(config) if entry.key.startswith(begin)})
    shown = visible(begin, 60)
    if len(found) != 1:
        fail(f'{"several keys begin" if found else "no key in the outbox begins"} with "{shown}"', 1)
    return found[0]


def _known(config: Config, helpdesk: str | None) -> None:
    """End the command (64) when nothing is called so; one that is configured no more may have entries left."""
    if helpdesk is None or helpdesk in config.helpdesks:
        return
    if helpdesk not in {_place(entry) for entry in _entries(config)}:
        fail(no_such("helpdesk or channel", helpdesk, config.helpdesks), _USAGE)


def _not_several(config: Config, key: str) -> None:
    """End the command (64) when the key is on its way to several helpdesks."""
    found = (entry for entry in _entries(config) if entry.key == key and entry.state != "dropped")
    names = sorted({_place(entry) for entry in found})
    if len(names) > 1:
        fail(f"{key} is in {', '.join(names)}: say which with --helpdesk", _USAGE)


def _say(config: Config, arguments: dict[str, Any], *, as_json: bool) -> None:
    """Ask the daemon; when none runs, take the state lock and write."""
    import asyncio

    done = asked(config, "outbox", lambda: asyncio.run(_write_ourselves(config, arguments)), **arguments)
    if as_json:
        print_json(done)
        return
    what = "tried again" if arguments.get("drop") is None else "dropped"
    count = done["entries"]
    print(f"{count} {'entry is' if count == 1 else 'entries are'} {what}" if count else "nothing waits")


async def _write_ourselves(config: Config, arguments: dict[str, Any]) -> Any:
    from agent.cli.offline import pipeline_of
    from agent.clock import SystemClock
    from agent.control import user_name
    from agent.outbox import Word, follow_word

    word = Word.read(arguments, user_name(os.geteuid()))
    async with pipeline_of(config) as pipeline:
        now = SystemClock().now()
        return {"entries": await pipeline.change(lambda draft: follow_word(draft, word, now))}
