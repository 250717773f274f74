"""All looks, in the order in which they are told."""

from __future__ import annotations

from agent.doctor.ground import Look
from agent.doctor.looks import (
    clock,
    configuration,
    credentials,
    daemon,
    files,
    helpdesks,
    installed,
    names,
    ping,
    service,
    state,
    store,
)

# Those of the world outside may wait; all run at once, and the whole ends with the longest.
LOOKS = (
    Look("configuration", configuration.look),
    Look("credentials", credentials.look, as_service=False),
    Look("state", state.look),
    Look("store", store.look, seconds=20.0),
    Look("daemon", daemon.running),
    Look("ports", daemon.ports),
    Look("unit", service.look, as_service=False),
    Look("clock", clock.look),
    Look("dns", names.servers),
    Look("dns", names.names, seconds=20.0),
    Look("disk", files.disks),
    Look("logs", files.logs, seconds=15.0),
    Look("programs", files.programs),
    Look("ping", ping.look),
    Look("helpdesks", helpdesks.look, seconds=20.0),
    Look("names", installed.program),
    Look("names", installed.names, as_service=False),
    Look("names", installed.commands, as_service=False),
    Look("versions", installed.versions, as_service=False),
)
