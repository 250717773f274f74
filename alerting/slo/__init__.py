"""Uptime as exact interval arithmetic: spans of time, periods, accounts and the figures shown."""
