"""The pages: each file gives the addresses of one part of them."""

from __future__ import annotations

from agent.web.pages import (
    account,
    explain,
    incidents,
    live,
    maintenance,
    outbox,
    overview,
    people,
    reports,
    saved_views,
    service,
    settings,
    ticket,
    ticket_edit,
    ticket_new,
    tickets,
    tickets_bulk,
)
from agent.web.visit import Address

ADDRESSES: tuple[Address, ...] = (
    *overview.ADDRESSES,
    *service.ADDRESSES,
    *explain.ADDRESSES,
    *tickets.ADDRESSES,
    *ticket_new.ADDRESSES,
    *tickets_bulk.ADDRESSES,
    *saved_views.ADDRESSES,
    *ticket.ADDRESSES,
    *ticket_edit.ADDRESSES,
    *incidents.ADDRESSES,
    *maintenance.ADDRESSES,
    *outbox.ADDRESSES,
    *reports.ADDRESSES,
    *live.ADDRESSES,
    *account.ADDRESSES,
    *people.ADDRESSES,
    *settings.ADDRESSES,
)
