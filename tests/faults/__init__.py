"""Faults of the world, a test each: what is expected of the daemon, and what was seen. docs/reliability.md has them."""
