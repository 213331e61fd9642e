"""What is judged from how things stand now, rather than from a series."""
