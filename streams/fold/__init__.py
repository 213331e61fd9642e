"""From events to sums: the winning version of each record, and counters by event time."""
