"""What arrives: one JSON object a line, and what becomes of a line that is none."""
