"""Control charts: limits, rules about points, and when a centre line moves."""
