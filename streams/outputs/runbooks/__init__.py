"""The runbooks, which say what to do about each alert: where people read them (`addresses`), and
the pages that Watchroom serves (`pages`)."""
