"""Which alerts a history would have raised under some settings, and how that fits what is known of
it."""
