"""Figures, alerts and the state of the process as metrics for Prometheus.

`prometheus` answers `/metrics` with what the others find, each module one kind of metric;
`exported` is what of a force's figures is asked for, `exposition` the text that Prometheus reads,
and `backfill` the same figures of periods that are over, with their own times.
"""
