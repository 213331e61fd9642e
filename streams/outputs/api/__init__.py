"""Figures over HTTP: any indicator, area and period, described by an OpenAPI document."""
