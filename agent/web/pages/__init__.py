"""The pages: each file gives the addresses of one part of them."""

from __future__ import annotations

from agent.web.pages import overview
from agent.web.visit import Address

ADDRESSES: tuple[Address, ...] = (*overview.ADDRESSES,)
