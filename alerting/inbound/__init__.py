"""Alerts of other tools, read from what their webhooks send: pure, one file a tool."""
