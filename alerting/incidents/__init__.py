"""Incidents: one cause, one ticket; what is folded, held back, adopted, and why."""
