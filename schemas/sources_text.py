"""The `sources` of a value-stream file: the connections of tools, their secrets by reference, their limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.definition import SILENT_AFTER_SECONDS, Source
from schemas.names_text import name_of
from schemas.targets_text import DURATION, UNIT_SECONDS
from schemas.yaml_node import Node, nearest

TOOLS: Final = (
    "alertmanager", "argo_rollouts", "argocd", "azure_devops", "bitbucket_cloud", "bitbucket_server", "buildkite",
    "cdevents", "circleci", "cloudevents", "flux", "gitea", "github", "gitlab", "grafana", "jenkins", "jira",
    "launchdarkly", "linear", "opsgenie", "pagerduty", "sentry", "servicenow", "sonarqube", "spinnaker", "tekton",
    "trello",
)  # fmt: skip
"""The tools that have an adapter; `cloudevents` is served as `cdevents` is."""

SOURCE_KEYS: Final = (
    "tool", "name", "secret", "secrets", "insecure", "client_certificate", "rate_per_second", "quota_per_day",
    "silent_after", "public_url", "environments",
)  # fmt: skip
SECRET_KEYS: Final = ("env", "file", "value")
_URL: Final = re.compile(r"https?://[^\s/]+(?:/\S*)?")


def read_source(node: Node, mapped: Sequence[str] = ()) -> Source:
    """Return the source that a node describes, of a tool with an adapter or a mapping; problems are noted on it."""
    fields = node.fields(SOURCE_KEYS, required=("tool", "name"))
    secrets = _secrets(fields)
    insecure = fields["insecure"].flag() if "insecure" in fields else False
    certified = fields["client_certificate"].flag() if "client_certificate" in fields else False
    if not secrets and not insecure and not certified and not fields.keys() & {"secret", "secrets"}:
        node.complain("a source needs a secret", "add 'secret: {env: NAME}', or 'insecure: true' to take anything")
    if secrets and insecure:
        fields["insecure"].complain("a source with a secret cannot be insecure", "keep one of the two")
    if certified and insecure:
        fields["insecure"].complain("a source with a client certificate cannot be insecure", "keep one of the two")
    return Source(
        tool=_tool(fields["tool"], (*mapped, *TOOLS)) if "tool" in fields else "",
        name=name_of(fields.get("name")),
        secrets=secrets,
        insecure=insecure,
        client_certificate=certified,
        rate_per_second=fields["rate_per_second"].number() if "rate_per_second" in fields else None,
        quota_per_day=fields["quota_per_day"].number() if "quota_per_day" in fields else None,
        silent_after_seconds=_seconds(fields["silent_after"]) if "silent_after" in fields else SILENT_AFTER_SECONDS,
        public_url=_address(fields["public_url"]) if "public_url" in fields else None,
        environments=_words(fields["environments"]) if "environments" in fields else {},
    )


def _tool(node: Node, known: Sequence[str]) -> str:
    tool = node.text()
    if tool and tool not in known:
        node.complain(f"{node.shown()} is not one of {', '.join(known)}", nearest(tool, known))
    return tool


def _seconds(node: Node) -> float:
    text = node.text()
    if text and not DURATION.fullmatch(text):
        node.complain(f"'{text}' is no duration above 0", "such as 12h or 3d")
        return SILENT_AFTER_SECONDS
    return float(text[:-1]) * UNIT_SECONDS[text[-1]] if text else SILENT_AFTER_SECONDS


def _address(node: Node) -> str:
    text = node.text()
    if text and not _URL.fullmatch(text):
        node.complain(f"{node.shown()} is no address", "such as https://vsm.example.com/webhooks/trello/acme")
    return text


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
