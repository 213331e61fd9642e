"""Durations: means of cases, and the longest waits."""
