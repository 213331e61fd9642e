"""Alertmanager's silences: those that an action on an alert sets (`silences`), and those that
somebody set in Alertmanager (`silences_set_there`)."""
