"""Booted Debians: what is installed is tried under the systemd that will run it."""
