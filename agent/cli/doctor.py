"""`tocsin doctor`: whether the service can do its work here, and what mends it where it cannot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.folding import print_hanging, print_wrapped
from agent.cli.output import coloured, print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, config_path, connectors, fail, kinds

if TYPE_CHECKING:
    from agent.doctor.finding import Finding
    from agent.doctor.ground import Ground
    from agent.doctor.unit import Unit
    from agent.doctor.who import Who

_USAGE, _CONFIG = 64, 78
_LIKE = {"ok": "ok", "warn": "degraded", "fail": "down"}
_COLUMN = 28
_USER = "tocsin"


def doctor(
    name: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="The user that the service runs as. Default: that of the unit, else tocsin.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether the service can do its work on this host: files, clock, DNS, ping, ports, helpdesks and more.

    Nothing is changed, here or elsewhere. Run as root it looks as the service's user, with or without a daemon.
    It ends within half a minute.
    Exit code: 0 when nothing fails, 1 when something does, 78 with mistakes in the configuration.

    Example: tocsin doctor --json
    """
    from agent.doctor.apart import look_at
    from agent.doctor.looks import LOOKS
    from agent.doctor.unit import unit
    from config.errors import ConfigError

    systemd = unit()
    who = _who(name, systemd)
    try:
        ground = _ground(config, who, systemd)
    except ConfigError as error:
        remedy = "tocsin validate" if config_path(config).exists() else "tocsin init"
        _tell_mistakes(error, who, remedy, as_json=as_json)
        raise Ended(_CONFIG) from None
    found = [*_remarks(who), *look_at(LOOKS, ground)]
    _tell(found, who, as_json=as_json)
    raise Ended(1 if any(each.state == "fail" for each in found) else 0)


def _who(name: str | None, systemd: Unit) -> Who:
    """Whose looks count: only root can take on those of another."""
    from agent.doctor.who import NoSuchUser, ourselves, user

    if os.geteuid() != 0:
        if name is not None and name != ourselves().name:
            fail(f"only root can look as {name}: sudo tocsin doctor", _USAGE)
        return ourselves()
    try:
        return user(name or systemd["User"] or _USER, systemd.groups)
    except NoSuchUser as error:
        if name is not None:
            fail(str(error), _USAGE)
        return ourselves()


def _remarks(who: Who) -> list[Finding]:
    """Where the looks are not those of the service."""
    from agent.doctor.finding import finding

    if who.uid == 0:
        text = "looked at as root, who may do everything: there is no user tocsin"
        return [finding("user", who.name, "warn", text, "name the service's user with --user")]
    if who.name != _USER and os.geteuid() != 0:
        text = "looked at as yourself, not as the service's user"
        return [finding("user", who.name, "warn", text, "sudo tocsin doctor")]
    return []


def _ground(config: Path | None, who: Who, systemd: Unit) -> Ground:
    """Raises ConfigError. What systemd gives to the unit alone is known while the unit runs, to root."""
    from agent.doctor.ground import Ground
    from agent.doctor.unit import CREDENTIALS
    from config.errors import ConfigError
    from config.loader import examine

    if "CREDENTIALS_DIRECTORY" not in os.environ and os.access(CREDENTIALS, os.R_OK):
        os.environ["CREDENTIALS_DIRECTORY"] = str(CREDENTIALS)
    path = config_path(config)
    loaded = examine(path, kinds(), connectors())
    if loaded.config is None:
        raise ConfigError(loaded.errors)
    secrets = tuple(dict.fromkeys(each.reference for each in loaded.secrets))
    return Ground(path.absolute(), loaded.config, kinds(), connectors(), who, systemd, secrets)


def _tell_mistakes(error: Any, who: Who, remedy: str, *, as_json: bool) -> None:
    from agent.doctor.finding import finding

    found = [finding("configuration", "file", "fail", str(each), remedy) for each in error.problems]
    _tell(found, who, as_json=as_json)


def _tell(found: Sequence[Finding], who: Who, *, as_json: bool) -> None:
    from agent.doctor.finding import as_document

    bad, odd = (sum(each.state == state for each in found) for state in ("fail", "warn"))
    if as_json:
        listed = [as_document(each) for each in found]
        print_json({"ok": not bad, "user": who.name, "fail": bad, "warn": odd, "findings": listed})
        return
    for each in found:
        word = coloured(each.state, _LIKE[each.state])
        print_hanging(f"{word}{' ' * (6 - len(each.state))}{each.topic}: {each.what}", each.text, _COLUMN)
        if each.remedy:
            print_wrapped(f"-> {each.remedy}", " " * _COLUMN)
    print(f"\nlooked at as {who.name}: {bad} fail, {odd} warn, {len(found) - bad - odd} ok")
