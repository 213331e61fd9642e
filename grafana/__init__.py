"""Grafana dashboards as code, their provisioning and publishing.

`dashboards/` is one dashboard a file, built with the grafana-foundation-sdk from the registry of
measures; `generate` writes them as JSON into `generated/`, which is committed, so that neither a
Grafana that is provisioned from files nor `watchroom grafana push` needs the SDK. Nothing in
`streams` but the command line imports this package.
"""
