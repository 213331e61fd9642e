"""Adapters between series and detectors: of counts, of proportions and durations, of event days."""
