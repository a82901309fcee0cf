"""The tools: one value each, in one literal list."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter
from ingest.adapters import argo_rollouts, argocd, cdevents, flux, github, jira, linear, pagerduty, trello

ADAPTERS: Final[tuple[Adapter, ...]] = (
    argo_rollouts.ADAPTER,
    argocd.ADAPTER,
    cdevents.ADAPTER,
    flux.ADAPTER,
    github.ADAPTER,
    jira.ADAPTER,
    linear.ADAPTER,
    pagerduty.ADAPTER,
    trello.ADAPTER,
)
"""Every tool that deliveries are taken from."""
