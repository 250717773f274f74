"""`tocsin heartbeats`: the jobs that are to report in, and the address each reports to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.output import print_json, print_table
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded

if TYPE_CHECKING:
    from config.models import Check, Config


def heartbeats(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the jobs that report in, each with its key and the address to report to.

    Whoever knows an address can report for its job: root and the user of the daemon may read them here.

    Example: tocsin heartbeats
    """
    configuration = loaded(config)
    listed = [_job(configuration, check) for check in configuration.checks() if check.kind == "heartbeat"]
    if as_json:
        print_json(listed)
        return
    rows = [
        [f"{job['service']}.{job['check']}", job["expected"], job["url"] or job["problem"]] for job in listed
    ]
    print_table(
        ["job", "expected", "reports to"], rows, empty="no jobs report in: add a check of type: heartbeat"
    )


def _job(config: Config, check: Check) -> dict[str, Any]:
    from agent.keys import keys_for
    from config.secrets import SecretError

    key, problem = None, None
    try:
        secret = b"" if check.spec.key is not None else _secret(config)
        key = keys_for(check, secret)[0]
    except (SecretError, ValueError) as error:
        problem = str(error)
    return {
        "service": check.service,
        "check": check.name,
        "key": key,
        "url": None if key is None else f"http://{config.agent.listen}/api/v1/heartbeat/{key}",
        "expected": _expected(check.spec),
        "problem": problem,
    }


def _secret(config: Config) -> bytes:
    from agent.keys import read_secret

    directory = Path(config.agent.state_dir)
    try:
        return read_secret(directory)
    except FileNotFoundError:
        fail(f"nothing is stored in {directory} yet: start the daemon with `tocsin run`", 1)
    except PermissionError:
        fail(f"{directory} cannot be read: become root or the user that runs tocsin", 1)


def _expected(spec: Any) -> str:
    from config.units import show_duration

    if spec.every is not None:
        return f"every {show_duration(spec.every)}"
    return f"{spec.cron or spec.on_calendar} ({spec.zone})"
