"""What can be seen: one module per kind of check."""
