"""Has the level changed? Sequential tests for a change that lasts."""
