"""History in the order of time, as a live feed would have sent it, and the player that plays it."""
