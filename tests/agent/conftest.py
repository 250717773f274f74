"""A web site and a helpdesk of one's own, on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.helpdesk import Helpdesk
from tests.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def desk() -> Iterator[Helpdesk]:
    with Helpdesk() as desk:
        yield desk
