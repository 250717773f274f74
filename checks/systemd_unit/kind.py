"""Unit of systemd: does a service run, has it failed, does it restart over and over; did a timer miss its run?

A pattern such as `app@*.service` looks at every unit under such a name that runs, has failed or is enabled, each
judged by itself; the worst one is the reading. `unit: all` counts the units that have failed, whichever they are:
`failed` and `names` are its only values.

By default down: `failed`; `restarting` (systemd waits to start it once more); `stopped` (not active); and `missed`
of a timer. Not stopped is a `Type=oneshot` service that has ended well, nor one that is not enabled and waits for
its timer, socket or path: of these, look at the timer or the socket as well. `recent_restarts` counts the automatic
restarts of the last hour that the check itself has seen.

A timer is missed when its run is later than planned by more than systemd's own `AccuracySec=` and
`RandomizedDelaySec=` and the option `grace`. That holds until its next run, also over a reboot. When its job has
failed, the timer counts as failed. A timer whose job never ends shows in `last_run`.

A unit that is not known to systemd is unknown, not down: it is a slip of the pen, or not installed here. So it is
where systemd does not run.

It counts for uptime: of a daemon without a port nothing else tells whether it is up. With `unit: all`, best set
`counts_for_uptime: false`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.boot import awake_since_boot, boot_id
from checks.host_programs import Host, NoAnswer, host_programs
from checks.systemd_unit.spec import ALL, SystemdUnitSpec
from checks.systemd_unit.systemctl import Properties, failed_units, properties
from checks.systemd_unit.unit import Moment, is_wanted, observed
from checks.text import visible

_NAMED = 10


async def probe(spec: SystemdUnitSpec, context: Context) -> Observation:
    """Ask systemctl once; of timers, once more for their jobs."""
    try:
        with host_programs(context) as host:
            if spec.unit == ALL:
                return _counted(await failed_units(host))
            return await _look(spec, context, host)
    except NoAnswer as error:
        return Observation(blind=str(error), error_kind=ErrorKind.LOCAL, memo=context.memo)


def _counted(names: Sequence[str]) -> Observation:
    shown = " ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    nothing: dict[str, Scalar] = dict.fromkeys(value.name for value in KIND.values if value.name != "took")
    return Observation(values=nothing | {"failed": len(names), "names": visible(shown) if names else None})


async def _look(spec: SystemdUnitSpec, context: Context, host: Host) -> Observation:
    units = await properties([spec.unit], host)
    if spec.is_pattern:
        units = [unit for unit in units if is_wanted(unit)]
    if not units:
        raise NoAnswer(
            f"no unit runs or is enabled like {visible(spec.unit, 120)} (check `unit`, or start one)"
        )
    jobs = await _jobs(units, host)
    memo: Mapping[str, Any] = context.memo if isinstance(context.memo, dict) else {}
    at = Moment(context.now, awake_since_boot(), boot_id())
    seen = {
        unit["Id"]: observed(unit, jobs.get(unit.get("Unit", ""), {}), memo.get(unit["Id"]), at, spec.grace)
        for unit in units
    }
    kept = {name: each.memo for name, each in seen.items()}
    if spec.is_pattern:
        return Observation(parts=seen, memo=kept)
    (one,) = list(seen.values())[:1]
    return Observation(
        values=one.values, blind=one.blind, error_kind=one.error_kind, notes=one.notes, memo=kept
    )


async def _jobs(units: Sequence[Properties], host: Host) -> dict[str, Properties]:
    """What the timers among them start, by name."""
    names = [unit["Unit"] for unit in units if unit["Id"].endswith(".timer") and unit.get("Unit")]
    found = await properties(names, host) if names else []
    return {each["Id"]: each for each in found}


KIND = Kind(
    name="systemd_unit",
    summary="asks systemd for the state of services, timers and other units",
    spec=SystemdUnitSpec,
    probe=probe,
    values=(
        Value(
            "state",
            "",
            "`active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`",
            text=True,
        ),
        Value("sub", "", "the same more exactly: `running`, `exited`, `auto-restart` …", text=True),
        Value(
            "result",
            "",
            "how its last run, or a timer's job, ended: `success`, `exit-code`, `signal` …",
            text=True,
        ),
        Value(
            "failed", "", "1 when it has failed, else 0; with `unit: all`, how many have", whole=True, least=0
        ),
        Value("names", "", "with `unit: all`, the units that have failed", text=True),
        Value("stopped", "", "whether it is not active though it should be"),
        Value("restarting", "", "whether it has ended and systemd waits to start it once more"),
        Value("since", "seconds", "time since its state changed"),
        Value("exit_code", "", "exit code, or signal, that its last run ended with", whole=True, least=0),
        Value("restarts", "", "automatic restarts since it was started by hand", whole=True, least=0),
        Value("recent_restarts", "", "those of the last hour; absent at the first look", whole=True, least=0),
        Value("memory", "bytes", "memory of all its processes; absent where systemd does not account for it"),
        Value("tasks", "", "its processes and threads", whole=True, least=0),
        Value("missed", "", "whether a timer did not fire when it should have"),
        Value("overdue", "seconds", "how late the missed run is; 0 when none is"),
        Value("last_run", "seconds", "time since a timer's job was last started"),
        Value("next_run", "seconds", "time until a timer fires next"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=True,
    example="type: systemd_unit\nunit: nginx.service\ndegraded: recent_restarts > 2 or memory > 1GiB\n",
    down="failed > 0 or restarting == true or stopped == true or missed == true",
    degraded="recent_restarts > 3",
)
