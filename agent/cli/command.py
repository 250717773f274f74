"""All subcommands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from agent.cli.frame import app

__all__ = ["app"]


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
