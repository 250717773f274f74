"""Whether the service can do its work here: looks that change nothing, each apart, as the service's user."""
