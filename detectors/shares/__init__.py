"""Proportions: so many of so many, against a target and against what is usual."""
