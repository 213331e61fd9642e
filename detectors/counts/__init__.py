"""Counts with a week's shape: what to expect, and what is exceptional."""
