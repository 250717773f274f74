"""What the looks are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.doctor.finding import Finding
from agent.doctor.unit import Unit
from agent.doctor.who import Who
from alerting.connectors.base import ConnectorType
from checks.base import Kind
from config.models import Config


@dataclass(frozen=True, slots=True)
class Ground:
    """Which file, and what is in it, who the service is, what systemd says of it, and references to secrets."""

    path: Path
    config: Config
    kinds: Mapping[str, Kind]
    connectors: Mapping[str, ConnectorType]
    who: Who
    unit: Unit
    secrets: tuple[str, ...] = ()

    @property
    def state_dir(self) -> Path:
        return Path(self.config.agent.state_dir)


@dataclass(frozen=True, slots=True)
class Look:
    """One look, run in a process of its own as the service's user, or as whoever asks.

    `seconds` is how long it may take; what it has found until then counts.
    """

    topic: str
    look: Callable[[Ground], Iterator[Finding]]
    seconds: float = 10.0
    as_service: bool = True
