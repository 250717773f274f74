"""Incidents on a draft: problems put where they belong, and who is told."""
