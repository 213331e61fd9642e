"""What weeks of a count have taught: level, shape, named days, scatter of sums."""
