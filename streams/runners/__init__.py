"""Runners: each owns a clock and its input, and feeds a `streams.live.Live`."""
