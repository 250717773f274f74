"""What the operator wrote: models, loading, conditions and secrets."""
