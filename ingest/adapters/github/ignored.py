"""GitHub's events that are of no interest, by name."""

from __future__ import annotations

from typing import Final

IGNORED: Final = frozenset(
    {
        "branch_protection_configuration", "branch_protection_rule", "check_run", "code_scanning_alert",
        "commit_comment", "custom_property", "custom_property_values", "dependabot_alert", "deploy_key",
        "deployment_protection_rule", "deployment_review", "discussion", "discussion_comment", "fork",
        "github_app_authorization", "gollum", "installation", "installation_repositories", "installation_target",
        "issue_dependencies", "label", "marketplace_purchase", "member", "membership", "meta", "milestone", "org_block",
        "organization", "package", "page_build", "personal_access_token_request", "ping", "project", "project_card",
        "project_column", "projects_v2", "projects_v2_status_update", "public", "pull_request_review_comment",
        "pull_request_review_thread", "registry_package", "repository", "repository_advisory", "repository_dispatch",
        "repository_import", "repository_ruleset", "repository_vulnerability_alert", "secret_scanning_alert",
        "secret_scanning_alert_location", "secret_scanning_scan", "security_advisory", "security_and_analysis",
        "sponsorship", "star", "status", "sub_issues", "team", "team_add", "watch", "workflow_dispatch", "workflow_job",
    }
)  # fmt: skip
"""Events that GitHub sends and nothing here is made of."""
