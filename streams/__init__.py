"""Watchroom: a police control room's event streams, measured live."""

__version__ = "0.1.0"
