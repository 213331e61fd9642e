"""Statistics that find a change in a series of numbers; they know nothing of policing."""
