"""The command's frame: its subcommands, and every way it can end as an exit code."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from agent.cli import (
    backup,
    changes,
    checks,
    completion,
    conditions,
    connectors,
    daemon,
    desk,
    doctor,
    exec,  # the command is called so
    explain,
    files,
    heartbeats,
    history,
    init,
    logs,
    look,
    maintenance,
    oncall,
    outbox,
    pause,
    reload,
    service,
    show,
    silence,
    status,
    team,
    ticket_assign,
    ticket_bulk,
    ticket_clocks,
    ticket_escalate,
    ticket_follow,
    ticket_link,
    ticket_rca,
    ticket_survey,
    ticket_tasks,
    ticket_test,
    ticket_vendor,
    ticket_verify,
    tickets,
    token,
    uptime,
    users,
)
from agent.cli.setting import ConfigOption, Ended, choose_config
from agent.cli.standard_streams import fill_in

USAGE, OUR_FAULT, CONFIG = 64, 70, 78
EPILOG = "Docs: docs/cli.md. Exit codes: 64 wrong usage, 78 configuration error, 70 our own fault."

app = typer.Typer(
    name="tocsin",
    help="Watch services, keep honest uptime against a target, and drive a ticket to its end when something breaks.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,  # `completion` prints the script; nothing writes into anybody's start-up files
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading rich would take as long as all the rest of it
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(config: ConfigOption = None) -> None:
    """Options before the command hold for every command."""
    choose_config(config)


def _add(
    function: Callable[..., Any], name: str | None = None, cls: type[TyperCommand] | None = None
) -> None:
    app.command(name, cls=cls)(function)


for _function in (
    daemon.run,
    daemon.demo,
    init.init,
    doctor.doctor,
    files.validate,
    files.schema,
    reload.reload,
    look.check,
):
    _add(_function)
app.add_typer(checks.app, name="checks")
app.add_typer(connectors.app, name="connectors")
app.add_typer(conditions.app, name="conditions")
app.add_typer(logs.app, name="logs")
for _function in (status.status, show.incidents, uptime.uptime):
    _add(_function)
tickets.app.command("test")(ticket_test.test)
tickets.app.command("assign")(ticket_assign.assign)
tickets.app.command("take")(ticket_assign.take)
tickets.app.command("follow-up")(ticket_follow.follow_up)
tickets.app.command("delay")(ticket_follow.delay)
tickets.app.command("verify")(ticket_verify.verify)
tickets.app.command("confirm")(ticket_survey.confirm)
tickets.app.command("survey")(ticket_survey.survey)
tickets.app.command("surveys")(ticket_survey.surveys)
tickets.app.command("clocks")(ticket_clocks.clocks)
tickets.app.command("escalate")(ticket_escalate.escalate)
tickets.app.command("de-escalate")(ticket_escalate.de_escalate)
tickets.app.command("escalations")(ticket_escalate.escalations)
tickets.app.command("vendor")(ticket_vendor.vendor)
tickets.app.command("evidence")(ticket_vendor.evidence)
tickets.app.command("rca")(ticket_rca.rca)
tickets.app.command("watch")(ticket_tasks.watch)
tickets.app.command("unwatch")(ticket_tasks.unwatch)
tickets.app.command("task")(ticket_tasks.task)
tickets.app.command("link")(ticket_link.link)
tickets.app.command("unlink")(ticket_link.unlink)
tickets.app.command("merge")(ticket_link.merge)
tickets.app.command("split")(ticket_link.split)
tickets.app.command("bulk")(ticket_bulk.bulk)
app.add_typer(tickets.app, name="tickets")
app.add_typer(desk.app, name="desk")
app.add_typer(team.app, name="team")
app.add_typer(oncall.app, name="oncall")
app.add_typer(outbox.app, name="outbox")
app.add_typer(history.app, name="history")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(changes.app, name="changes")
app.add_typer(silence.app, name="silence")
_add(pause.pause)
_add(pause.resume)
_add(pause.recheck)
app.add_typer(explain.app, name="explain")
app.add_typer(service.app, name="service")
app.add_typer(backup.app, name="backup")
_add(backup.restore)
app.add_typer(users.app, name="users")
app.add_typer(token.app, name="token")
_add(heartbeats.heartbeats)
_add(exec.exec_, "exec", exec.AfterDashes)
_add(completion.completion)
_add(show.version)


def main() -> None:
    """Run the command and exit; nothing of a traceback is shown for what an operator can mend."""
    fill_in()
    completion.prepare()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still gets the rest
    try:
        code = app(standalone_mode=False)
    except Ended as ended:
        code = ended.code
    except typer.TyperException as error:
        show_error = getattr(error, "show", None)
        if show_error is not None:
            show_error()
        else:
            print(f"tocsin: {error}", file=sys.stderr)
        code = USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        code = _failed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _failed(error: Exception) -> int:
    from config.errors import ConfigError

    if isinstance(error, ConfigError):
        print(f"tocsin: {error}", file=sys.stderr)
        return CONFIG
    from agent.lock import StoreUnavailable

    if isinstance(error, StoreUnavailable):  # it may pass: a service manager tries again
        print(f"tocsin: {error}", file=sys.stderr)
        return OUR_FAULT
    from agent.logs import report
    from checks.masking import masked

    if os.environ.get("TOCSIN_TRACEBACK"):
        print(masked("".join(traceback.format_exception(error))), end="", file=sys.stderr)
        return OUR_FAULT
    report(error, "command.failed")
    print(
        f"tocsin: our own fault: {type(error).__name__}: {masked(str(error)[:4096])[:300]}", file=sys.stderr
    )
    print("Set TOCSIN_TRACEBACK=1 to see where, and please report it.", file=sys.stderr)
    return OUR_FAULT
