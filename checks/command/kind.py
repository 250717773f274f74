"""Command: what does a program say, a monitoring plugin or any other?

A monitoring plugin (`format: nagios`) says it by its exit code: 0 ok, 1 degraded, 2 down, 3 unknown. Its first
line is the message of the reading. Its performance data become values under their own labels, in base units (`ms`
to seconds, `KB` to bytes, `%` to a ratio), for conditions that stand beside the exit code: a plain label as it is
(`load1 > 5`), any other in quotes (`value "/var" > 5GB`). A label that a plugin did not print is unknown, not absent.
Of any other program (`format: exit`) 0 is ok and every other code is down; `body contains "…"` asks for its output.

A signal, any other code, and a program that does not end in time are unknown: they tell of the program, not of what
it looks at. A plugin that gives up by itself (`-t`) just before `timeout:` says more. What cannot be started is
unknown too, with the remedy.

The program gets no shell, no input, a clean environment (PATH, HOME, LANG=C, LC_ALL=C and `env`), a session of its
own and `limits`; its first 64 KiB are read. When it ends, or its time is up, all that it has started is killed, and
nothing of it outlives the daemon. Arguments can be read by every user of the host (`ps`): secrets belong in `env`.

As a service it runs as the user `tocsin` in the unit's confines, where nothing gains privileges: plugins that are
setuid for raw sockets (`check_icmp`, `check_dhcp`) need the drop-in `raw-commands.conf`, and `sudo` does not work.
With `Delegate=pids`, `DelegateSubgroup=daemon` and `ProtectControlGroups=no` in a drop-in, each program also gets a
control group of its own, in which the kernel itself counts its processes.

It counts for uptime, since most programs look at what people rely on; of one that looks at a resource, such as
`check_load`, say `counts_for_uptime: false`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import PurePath

from checks.base import Context, ErrorKind, Kind, Observation, Perfdata, Scalar, Status, Value
from checks.command.measures import as_values, out_of_range
from checks.command.plugin_output import as_plugin, as_program
from checks.command.spec import CommandSpec
from checks.program_run import CannotRun, Ended, Limits, Order
from checks.programs import Programs
from checks.text import visible
from config.secrets import SecretError, mask
from config.units import show_duration

_USUAL = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_OF_PLUGINS = (
    "/usr/lib/nagios/plugins",
    "/usr/lib64/nagios/plugins",
    "/usr/lib/monitoring-plugins",
    "/usr/local/libexec/nagios",
    "/usr/local/nagios/libexec",
)
_PATH = ":".join((*_USUAL, *_OF_PLUGINS))
_SAYS = {0: Status.OK, 1: Status.DEGRADED, 2: Status.DOWN, 3: Status.UNKNOWN}
_LABEL = 200
# More than this takes longer to read than others should wait for.
_SHORT = 4096
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_STOPPED = {
    "processes": "started more processes than its limits allow, and was killed",
    "output": "wrote more than 16MiB, and was killed",
    "stopped": "was killed, as nobody waited for it any more",
}


async def probe(spec: CommandSpec, context: Context) -> Observation:
    """Run it once. Never raises for anything a program does."""
    if context.programs is not None:
        return await _look(spec, context.programs, context.timeout)
    with contextlib.closing(Programs()) as programs:
        return await _look(spec, programs, context.timeout)


async def _look(spec: CommandSpec, programs: Programs, timeout: float) -> Observation:
    name = visible(PurePath(spec.command[0]).name or spec.command[0], 80)
    try:
        ended = await programs.run(_order(spec), timeout)
    except SecretError as error:
        return Observation(blind=str(error), error_kind=ErrorKind.LOCAL)
    except CannotRun as error:
        return Observation(blind=f"{name}: {error}", error_kind=ErrorKind.LOCAL)
    if len(ended.output) < _SHORT:
        return seen(spec, ended, name, timeout)
    return await asyncio.to_thread(seen, spec, ended, name, timeout)


def _order(spec: CommandSpec) -> Order:
    """Raises SecretError."""
    home = os.environ.get("HOME", "/")
    env = {"PATH": _PATH, "HOME": home, "LANG": "C", "LC_ALL": "C"}
    env.update((name, secret.reveal()) for name, secret in spec.env.items())
    asked = spec.limits
    limits = Limits(int(asked.memory), asked.processes, int(asked.file_size))
    return Order(spec.command, env, spec.cwd, limits)


def seen(spec: CommandSpec, ended: Ended, name: str, timeout: float) -> Observation:
    """What came of a run, as an observation; `timeout` is only told."""
    printed = ended.output.decode("utf-8", "replace")
    whole = ended.code is not None and not ended.cut
    output = as_plugin(printed, whole=whole) if spec.format == "nagios" else as_program(printed)
    perfdata = tuple(map(_clean, output.perfdata))
    values: dict[str, Scalar] = {"exit": ended.code, **as_values(perfdata)}
    blind, error_kind = _blind(spec, ended, name, timeout)
    says, failure = None if blind else _says(spec, ended.code), None
    if says in (Status.DOWN, Status.UNKNOWN):
        error_kind = ErrorKind.STATUS if says is Status.DOWN else ErrorKind.LOCAL
        silent = (
            None
            if output.text
            else f"{name} ended with exit code {ended.code} and said nothing{_errors(ended)}"
        )
        blind, failure = (silent, None) if says is Status.UNKNOWN else (None, silent)
    return Observation(
        values=values,
        blind=blind,
        failure=failure,
        error_kind=error_kind,
        body=printed,
        whole=not ended.cut,
        notes=_notes(says, ended, perfdata),
        says=says,
        text=output.text,
        long_text=output.long_text,
        perfdata=perfdata,
    )


def _says(spec: CommandSpec, code: int | None) -> Status:
    if spec.format == "exit":
        return Status.OK if code == 0 else Status.DOWN
    return _SAYS.get(-1 if code is None else code, Status.UNKNOWN)


def _blind(spec: CommandSpec, ended: Ended, name: str, timeout: float) -> tuple[str | None, ErrorKind | None]:
    """Why the run says nothing of the target, and of which kind that is."""
    if ended.stopped == "time":
        within = show_duration(timeout)
        remedy = "raise timeout:, or let the program give up earlier by itself"
        return f"{name} did not end within {within}, and was killed ({remedy})", ErrorKind.TIMEOUT
    if ended.stopped:
        return f"{name} {_STOPPED.get(ended.stopped, ended.stopped)}", ErrorKind.LOCAL
    if ended.code is None:
        return f"{name} was ended by signal {_signal(ended.signal)}{_errors(ended)}", ErrorKind.LOCAL
    if spec.format == "nagios" and ended.code not in _SAYS:
        return _odd_code(ended, name, ended.code), ErrorKind.PROTOCOL
    return None, None


def _odd_code(ended: Ended, name: str, code: int) -> str:
    inside = {
        _NOT_FOUND: "something it calls is not found",
        _NOT_EXECUTABLE: "something it calls cannot be executed",
    }.get(code, "plugins end with 0 to 3; format: exit takes any other program")
    said = as_plugin(ended.output.decode("utf-8", "replace")).text
    return f"{name} ended with exit code {code} ({inside})" + (f": {said}" if said else _errors(ended))


def _signal(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return str(number)


def _errors(ended: Ended) -> str:
    """The first line on standard error, where a program often says why it said nothing."""
    lines = ended.errors.decode("utf-8", "replace").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    return f"; on standard error: {visible(first)}" if first else ""


def _notes(says: Status | None, ended: Ended, perfdata: tuple[Perfdata, ...]) -> tuple[str, ...]:
    notes = list(out_of_range(perfdata)) if says in (Status.DEGRADED, Status.DOWN) else []
    if ended.cut:
        notes.append("only the first 64KiB of what it wrote were read")
    return tuple(notes)


def _clean(one: Perfdata) -> Perfdata:
    """Fit to be stored and shown: a program may print anything, also what it was given in `env`."""
    return Perfdata(
        label=_shown(one.label),
        value=one.value,
        uom=_shown(one.uom),
        warn=None if one.warn is None else _shown(one.warn),
        crit=None if one.crit is None else _shown(one.crit),
        least=one.least,
        most=one.most,
    )


def _shown(text: str) -> str:
    return visible(mask(text), _LABEL)


KIND = Kind(
    name="command",
    summary="runs a program, such as a monitoring plugin, and believes what it says",
    spec=CommandSpec,
    probe=probe,
    values=(
        Value("exit", "", "exit code; absent when a signal ended it", least=0, most=255, whole=True),
        Value("took", "seconds", "how long it ran"),
    ),
    counts_for_uptime=True,
    example="type: command\n"
    'command: [/usr/lib/nagios/plugins/check_load, -w, "5,4,3", -c, "10,8,6"]\n'
    "degraded: load5 > 4 for 10m\n"
    "counts_for_uptime: false\n",
    open_values=True,
)
