"""Explanations: what gave each stretch of a service's time its class, from what is stored."""
