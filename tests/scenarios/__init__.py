"""Each shipped scenario, played through the monitor with the shipped settings."""
