"""The running thing: schedules checks, remembers what they said, and acts on it."""
