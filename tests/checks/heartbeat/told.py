"""A job of a test, told and judged as the daemon does it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from checks.base import Observation, Reading
from checks.heartbeat import KIND
from checks.heartbeat.signals import Signal, hear, signal_of
from checks.heartbeat.spec import HeartbeatSpec
from checks.judge import Rules
from checks.judge import judge as judged
from config.conditions import parse

T0 = 1_790_000_000.0
assert KIND.down is not None
assert KIND.degraded is not None
RULES = Rules(KIND, [parse(KIND.down, KIND.measures)], [parse(KIND.degraded, KIND.measures)])


@dataclass(slots=True)
class Told:
    """Its memo goes through JSON each time."""

    options: dict[str, Any]
    now: float = T0
    listening: float = T0
    memo: Any = None
    spec: HeartbeatSpec = field(init=False)

    def __post_init__(self) -> None:
        self.spec = HeartbeatSpec.model_validate(self.options)

    def say(self, word: str = "", *, run: str = "", body: bytes = b"") -> None:
        signal = signal_of(word, run)
        signal = Signal(signal.what, signal.exit, signal.run, body, "127.0.0.1")
        self._keep(hear(self.spec, self.memo, signal, self.now, self.listening))

    def look(self) -> Observation:
        assert KIND.judge is not None
        seen = KIND.judge(self.spec, self.memo, self.now, self.listening)
        self._keep(seen.memo)
        return seen

    def reading(self) -> Reading:
        return judged(self.look(), RULES, round(self.now * 1e6), 0.0)

    def status(self) -> str:
        return self.reading().status.value

    def wait(self, seconds: float, turn: float = 30.0) -> None:
        """Time passes under the eyes of the daemon."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + turn)
            self.look()

    def _keep(self, memo: Any) -> None:
        self.memo = json.loads(json.dumps(memo))
