"""The pages: each file gives the addresses of one part of them."""

from __future__ import annotations

from agent.web.pages import maintenance, outbox, overview, reports, service
from agent.web.visit import Address

ADDRESSES: tuple[Address, ...] = (
    *overview.ADDRESSES,
    *service.ADDRESSES,
    *maintenance.ADDRESSES,
    *outbox.ADDRESSES,
    *reports.ADDRESSES,
)
