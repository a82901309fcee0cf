"""The `sources` of a value-stream file: the connections of tools, their secrets by reference, their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.definition import Source
from schemas.names_text import name_of
from schemas.yaml_node import Node, nearest

TOOLS: Final = (
    "alertmanager", "argo_rollouts", "argocd", "azure_devops", "bitbucket_cloud", "bitbucket_server", "buildkite",
    "cdevents", "circleci", "cloudevents", "flux", "gitea", "github", "gitlab", "grafana", "jenkins", "jira",
    "launchdarkly", "linear", "opsgenie", "pagerduty", "sentry", "servicenow", "sonarqube", "spinnaker", "tekton",
    "trello",
)  # fmt: skip
"""The tools that have an adapter; `cloudevents` is served as `cdevents` is."""

SOURCE_KEYS: Final = ("tool", "name", "secret", "secrets", "insecure", "rate_per_second", "environments")
SECRET_KEYS: Final = ("env", "file", "value")


def read_source(node: Node) -> Source:
    """Return the source that a node describes; problems are noted on it."""
    fields = node.fields(SOURCE_KEYS, required=("tool", "name"))
    secrets = _secrets(fields)
    insecure = fields["insecure"].flag() if "insecure" in fields else False
    if not secrets and not insecure and not fields.keys() & {"secret", "secrets"}:
        node.complain("a source needs a secret", "add 'secret: {env: NAME}', or 'insecure: true' to take anything")
    if secrets and insecure:
        fields["insecure"].complain("a source with a secret cannot be insecure", "keep one of the two")
    return Source(
        tool=_tool(fields["tool"]) if "tool" in fields else "",
        name=name_of(fields.get("name")),
        secrets=secrets,
        insecure=insecure,
        rate_per_second=fields["rate_per_second"].number() if "rate_per_second" in fields else None,
        environments=_words(fields["environments"]) if "environments" in fields else {},
    )


def _tool(node: Node) -> str:
    tool = node.text()
    if tool and tool not in TOOLS:
        node.complain(f"{node.shown()} is not one of {', '.join(TOOLS)}", nearest(tool, TOOLS))
    return tool


def _secrets(fields: Mapping[str, Node]) -> tuple[str, ...]:
    one = [fields["secret"].hide()] if "secret" in fields else []
    more = fields["secrets"].hide().one_or_many() if "secrets" in fields else []
    return tuple(_secret(node) for node in [*one, *more])


def _secret(node: Node) -> str:
    fields = node.fields(SECRET_KEYS)
    if len(fields) == 1:
        kind, child = next(iter(fields.items()))
        return f"{kind}:{child.text()}"
    if node.is_mapping() or node.is_empty():
        node.complain("a secret is one reference", "{env: NAME}, {file: PATH} or {value: TEXT}")
    return ""


def _words(node: Node) -> dict[str, str]:
    return {word: child.text() for word, child in node.entries().items()}
