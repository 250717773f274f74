"""How often one address may ask."""

from __future__ import annotations

from agent.web.rate import BURST, Rate, network
from tests.moving_clock import MovingClock


def spent(rate: Rate, whence: str) -> int:
    """How many requests it may make at once."""
    return next(count for count in range(10_000) if not rate.takes(network(whence)))


def test_a_burst_then_so_many_a_second() -> None:
    clock = MovingClock()
    rate = Rate(clock)
    assert spent(rate, "192.0.2.1") == BURST
    clock.move(1)
    assert spent(rate, "192.0.2.1") == 20
    clock.move(1000)
    assert spent(rate, "192.0.2.1") == BURST


def test_addresses_do_not_share_and_networks_of_one_host_do() -> None:
    rate = Rate(MovingClock())
    assert spent(rate, "192.0.2.1") == spent(rate, "192.0.2.2") == spent(rate, "2001:db8::1") == BURST
    assert spent(rate, "2001:db8::ffff") == 0
    assert spent(rate, "2001:db8:0:1::1") == BURST
    assert spent(rate, "::ffff:192.0.2.2") == 0


def test_memory_has_an_end() -> None:
    rate = Rate(MovingClock())
    for number in range(12_000):
        rate.takes(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(rate._left) == 10_000
