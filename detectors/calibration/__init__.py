"""What a detector's alarms are worth: false alarms, delay, power, and budgets of them."""
