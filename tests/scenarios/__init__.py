"""Shipped scenarios, played through the monitor with the shipped settings."""
