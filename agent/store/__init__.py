"""What is kept: SQLite through SQLAlchemy Core, one writer, many read-only readers."""
