"""Jira's events that are of no interest, by name."""

from __future__ import annotations

from typing import Final

IGNORED: Final = frozenset(
    {
        "attachment_created", "attachment_deleted", "board_configuration_changed", "board_created", "board_deleted",
        "board_updated", "comment_created", "comment_deleted", "comment_updated", "issue_property_deleted",
        "issue_property_set", "issuelink_created", "issuelink_deleted", "issuetype_created", "issuetype_deleted",
        "issuetype_updated", "option_attachments_changed", "option_issuelinks_changed", "option_subtasks_changed",
        "option_timetracking_changed", "option_unassigned_issues_changed", "option_voting_changed",
        "option_watching_changed", "project_archived", "project_created", "project_deleted",
        "project_restored_archived", "project_restored_deleted", "project_soft_deleted", "project_updated",
        "sprint_closed", "sprint_created", "sprint_deleted", "sprint_started", "sprint_updated", "user_created",
        "user_deleted", "user_updated", "version_created", "version_deleted", "version_moved", "version_released",
        "version_unreleased", "version_updated", "worklog_created", "worklog_deleted", "worklog_updated",
    }
)  # fmt: skip
"""Events that Jira sends and nothing here is made of; comments and worklogs too, which say of no step when it began."""
