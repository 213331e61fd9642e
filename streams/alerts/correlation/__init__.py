"""What belongs together: signals of one period, and a signal with an alert that is open."""
