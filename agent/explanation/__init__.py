"""Explanations: why a stretch of time has its class, why there was or was not an alert, from what is stored."""
