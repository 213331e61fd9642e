"""A mapping file, and how it makes an event of a row."""
