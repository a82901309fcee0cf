"""GitLab's events that are understood and of no interest."""

from __future__ import annotations

from typing import Final

IGNORED: Final = frozenset(
    {
        "access_token", "emoji", "feature_flag", "gitlab_subscription_member_approval",
        "gitlab_subscription_member_approvals", "group_create", "group_destroy", "group_rename", "job", "key_create",
        "key_destroy", "member", "milestone", "project", "project_create", "project_destroy", "project_rename",
        "project_transfer", "project_update", "repository_update", "resource_access_token",
        "resource_deploy_token", "subgroup", "tag_push", "user_access_request_denied_for_group",
        "user_access_request_revoked_for_group", "user_access_request_revoked_for_project",
        "user_access_request_to_group", "user_access_request_to_project", "user_add_to_group", "user_add_to_team",
        "user_create", "user_destroy", "user_failed_login", "user_remove_from_group", "user_remove_from_team",
        "user_rename", "user_update_for_group", "user_update_for_team", "vulnerability", "wiki_page",
    }
)  # fmt: skip
"""The events of GitLab's documentation that no adapter translates: of projects, groups and the whole instance."""
