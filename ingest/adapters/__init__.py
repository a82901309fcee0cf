"""The tools: one value each, in one literal list."""

from __future__ import annotations

from typing import Final

from ingest.adapter import Adapter
from ingest.adapters import (
    alertmanager,
    argo_rollouts,
    argocd,
    azure_devops,
    bitbucket_cloud,
    bitbucket_server,
    buildkite,
    cdevents,
    circleci,
    flux,
    gitea,
    github,
    gitlab,
    grafana,
    jenkins,
    jira,
    launchdarkly,
    linear,
    opsgenie,
    pagerduty,
    sentry,
    servicenow,
    sonarqube,
    spinnaker,
    tekton,
    trello,
)

ADAPTERS: Final[tuple[Adapter, ...]] = (
    alertmanager.ADAPTER,
    argo_rollouts.ADAPTER,
    argocd.ADAPTER,
    azure_devops.ADAPTER,
    bitbucket_cloud.ADAPTER,
    bitbucket_server.ADAPTER,
    buildkite.ADAPTER,
    cdevents.ADAPTER,
    circleci.ADAPTER,
    flux.ADAPTER,
    gitea.ADAPTER,
    github.ADAPTER,
    gitlab.ADAPTER,
    grafana.ADAPTER,
    jenkins.ADAPTER,
    jira.ADAPTER,
    launchdarkly.ADAPTER,
    linear.ADAPTER,
    opsgenie.ADAPTER,
    pagerduty.ADAPTER,
    sentry.ADAPTER,
    servicenow.ADAPTER,
    sonarqube.ADAPTER,
    spinnaker.ADAPTER,
    tekton.ADAPTER,
    trello.ADAPTER,
)
"""Every tool that deliveries are taken from."""
