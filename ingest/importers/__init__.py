"""Histories that were never webhooks, as the same facts: event logs and git repositories. Pure."""
