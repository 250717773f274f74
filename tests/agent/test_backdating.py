"""Rule 5 by hand: readings in, confirmed and dated back by the daemon's own decisions, figures out of the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.decide import take
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.reader import Reader
from agent.store.save import save
from agent.uptime import accounted
from alerting.slo.periods import Period
from checks.registry import all_kinds
from config.loader import load
from tests.readings import SECOND, reading

# Each reading is believed for 2 x 60 + 10 = 130 s.
CONFIG = """
services:
  web: {checks: {home: {
    type: tcp, host: localhost, port: 1, every: 60s, timeout: 10s, confirm: 3, recover: 2}}}
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Looks such as `d@120` (`o`k, de`g`raded, `d`own, `u`nknown at a second), and seconds per class as of the end."""

    name: str
    words: str
    looks: str
    end: int
    seconds: dict[str, int]
    outages: list[tuple[int, int]]


SCENES = [
    Scene(
        "dated_back_at_both_ends",
        "Confirmed with the third failing look at 130, down since the first at 120; recovered with the second "
        "good look at 255, up since the first at 250. 250 - 120 = 130 s down of 375.",
        "o@0 o@60 d@120 d@125 d@130 d@190 o@250 o@255 o@315",
        375,
        {"up": 245, "down": 130},
        [(120, 250)],
    ),
    Scene(
        "unconfirmed",
        "Two failing looks of three: it costs nothing.",
        "o@0 d@60 d@65 o@70 o@130",
        190,
        {"up": 190},
        [],
    ),
    Scene(
        "confirmed_only_later",
        "Two failing looks and a good one are a blip; the three from 130 on are down from 130, not from 60.",
        "o@0 d@60 d@65 o@70 d@130 d@135 d@140",
        200,
        {"up": 130, "down": 70},
        [(130, 200)],
    ),
    Scene(
        "one_good_look_is_no_recovery",
        "The good look at 250 stands alone; up since 375, when two followed each other: 375 - 120 = 255 s.",
        "o@0 o@60 d@120 d@125 d@130 o@250 d@255 d@315 o@375 o@380",
        440,
        {"up": 185, "down": 255},
        [(120, 375)],
    ),
    Scene(
        "unknown_inside_an_outage",
        "From 190 to 250 nobody could look: 60 s unknown; down 70 s before and 60 s after.",
        "o@0 o@60 d@120 d@125 d@130 u@190 d@250 o@310 o@315",
        375,
        {"up": 185, "down": 130, "unknown": 60},
        [(120, 190), (250, 310)],
    ),
    Scene(
        "each_level_from_its_own_first_look",
        "Degraded at 60, down from 65 on. Three looks at least degraded by 70: degraded since 60; three down by "
        "130: down since 65. 5 s degraded, 190 - 65 = 125 s down.",
        "o@0 g@60 d@65 d@70 d@130 o@190 o@195",
        255,
        {"up": 125, "degraded": 5, "down": 125},
        [(65, 190)],
    ),
    Scene(
        "no_look_for_long",
        "The look of 60 is believed until 190; the next is at 400: 210 s unknown, though both were good.",
        "o@0 o@60 o@400",
        460,
        {"up": 250, "unknown": 210},
        [],
    ),
    Scene(
        "no_look_inside_an_outage",
        "The failing look of 130 is believed until 260, the next is at 400: 140 s down, 140 s unknown, then 60 s "
        "down.",
        "o@0 o@60 d@120 d@125 d@130 d@400",
        460,
        {"up": 120, "down": 200, "unknown": 140},
        [(120, 260), (400, 460)],
    ),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_rule_5_confirmed_trouble_is_dated_back_and_a_blip_costs_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    (tmp_path / "tocsin.yaml").write_text(CONFIG)
    config = load(tmp_path / "tocsin.yaml", all_kinds())
    rules, world = Rulebook.of(config), World()
    engine = writing_engine(tmp_path / FILE_NAME)
    migrate(engine)
    with engine.begin() as connection:
        for look in scene.looks.split():
            word, at = look.split("@")
            draft = Draft(world)
            take(draft, rules, ("web", "home"), reading(word, int(at)))
            save(connection, "test", draft, int(at) * SECOND)
            draft.settle()
        end = scene.end * SECOND
        save(connection, "test", Draft(world), end)  # still alive
        ledger = Reader(connection, "test", running=True).ledger("web")
    engine.dispose()
    got = accounted(config.services["web"], ledger, Period("by hand", 0, end, "UTC"), end)
    assert {str(klass): us // SECOND for klass, us in got.by_class.items() if us} == scene.seconds, (
        scene.words
    )
    assert [(each.start // SECOND, each.end // SECOND) for each in got.outages] == scene.outages
