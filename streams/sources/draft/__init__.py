"""A draft of a mapping, made from a sample of a table."""
