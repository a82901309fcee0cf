"""Value-stream files: one that uses every key, and a file's text as the plain data that editors check."""

from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema
from ruamel.yaml import YAML

EVERY_KEY = """\
version: 1
sources:
  - {tool: github, name: acme, secret: {env: GITHUB_SECRET}, rate_per_second: 50, environments: {live-eu: production}}
  - {tool: jira, name: acme, secrets: [{file: /run/secrets/jira}, {value: 0123}]}
  - {tool: cdevents, name: lab, insecure: true}
mappings:
  - tool: acmeci
    proof:
      - {scheme: hmac_sha256, header: X-Acme-Signature, prefix: "sha256=", encoding: base64, several: true}
      - {scheme: bearer_token}
    event_type: {header: x-acme-event}
    delivery_id: $.id
    ignores: [build.commented]
    events:
      - when: {event_type: [build.finished, build.broken], $.kind: "*"}
        unless: {$.dry_run: "true"}
        each: $.builds[*]
        type: pipelinerun.finished
        subject: {run: [$each.pipeline, $each.id], attempt: {path: $each.attempt, missing: 1}}
        at: {path: [$each.finished_at, $.at]}
        order: $.sequence
        url: $each.url
        state: $each.status
        outcome: {path: $each.status, map: {passed: success, failed: failure}, otherwise: error}
        environment: testing
        work_kind: feature
        labels: $each.labels[*]
        actor: {id: $.by.id, name: $.by.login, class: {path: $.by.kind, map: {robot: bot}}}
        links:
          - {part_of: {commit: $each.sha}, confidence: 0.9}
          - {part_of: {change: $each.pull, repository: $.repository}}
          - {part_of: {ticket: $each.ticket, tracker: jira}}
          - {part_of: {keys_in_branch: $each.branch}}
        attributes: {repository: $.repository, service: {path: $.app, as: slug}, branch: $each.branch}
        quantities: {tests: $each.tests}
        told_apart: [$each.status]
services:
  - {service: cart, repositories: ["github.com/acme/mono"], paths: ["cart/**", "libs/*/cart.py"]}
value_streams:
  - &checkout
    name: checkout
    family: storefront
    owner: team-checkout
    select:
      - {repository: "github.com/acme/checkout-*"}
      - {project: jira/CHK, branch: main, decision: approved, activity: "*"}
      - {service: checkout, environment_raw: "prod*", routed_by: select}
    calendar: {zone: Europe/Berlin, hours: ["Mon-Fri 09:00-17:00", "Sat 10:00-12:00"], holidays: [2026-12-25]}
    steps:
      - {name: Backlog, status: [To Do, 3], value_adding: false}
      - name: Code review
        queue: {on: change.created, where: {state: ready, squad: [red, 7]}}
        start: {on: [change.reviewed, custom.looked_at], by: [human, agent], first: true}
        finish: {on: [change.merged, change.abandoned], where: {work_kind: [feature, defect], actor_class: unknown}}
        returned: {on: change.reviewed, where: {decision: changes_requested}}
        blocked: {on: ticket.updated, where: {outcome: failure, tool: jira, source: acme, type: ticket.updated}}
        unblocked: {on: ticket.updated, where: {environment: production, subject_id: "ticket:jira/CHK-1"}}
    environments: [staging, production]
    targets: {flow_time_p85: 3d, code review.wait_p85: 4h, Backlog.lead_p50: 1.5w}
    services:
      - {service: shop, repositories: github.com/acme/shop}
  - <<: *checkout
    name: rest
    select: ["*"]
"""
"""Every key of the reader, each form of every value, and a merge."""


def plain(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what an editor checks: mappings, lists, texts, numbers and truth values; a date is a text."""
    return _plain(YAML(typ="safe", pure=True).load(text))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def schema_problems(schema: dict[str, Any], data: Any) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """Return what a schema has against data, one line each."""
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]
