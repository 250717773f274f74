"""Connectors: one file for each helpdesk or channel, behind one contract."""
