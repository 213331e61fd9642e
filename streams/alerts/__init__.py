"""What becomes of a signal: one alert, its words, its owner, its end."""
