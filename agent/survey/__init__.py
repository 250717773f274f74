"""What is on this host that could be looked at. Files are read, nothing is run, nothing is changed."""
