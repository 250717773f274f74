"""Migrations: one module a schema revision, never edited once released."""
