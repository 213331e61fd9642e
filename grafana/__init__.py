"""Grafana dashboards as code, their provisioning and publishing."""
