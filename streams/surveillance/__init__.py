"""Which detector watches which series, which feed is silent, and what of it is missing."""
