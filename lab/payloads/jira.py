"""Jira's webhooks: issue created, updated (with its changelog), deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lab.payloads.moments import jira
from lab.planted import Account
from lab.work import Ticket

Body = dict[str, Any]

SITE: Final = "https://acme.atlassian.net"

STATUSES: Final = {
    "To Do": ("10001", "new"),
    "In Progress": ("10002", "indeterminate"),
    "In Review": ("10003", "indeterminate"),
    "Reopened": ("10004", "indeterminate"),
    "Done": ("10005", "done"),
    "Won't Do": ("10006", "done"),
}
"""Each status with its id and the key of its category."""


def headers(identifier: str) -> Mapping[str, str]:
    """Return the headers of a delivery; the signature is added when it is sent."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Atlassian HttpClient 5eed",
        "X-Atlassian-Webhook-Identifier": identifier,
    }


def created(ticket: Ticket) -> Body:
    """Return jira:issue_created."""
    return {
        "timestamp": ticket.created * 1000,
        "webhookEvent": "jira:issue_created",
        "issue_event_type_name": "issue_created",
        "user": _user(ticket.reporter),
        "issue": _issue(ticket, ticket.created),
    }


def updated(ticket: Ticket, at: int, by: Account, items: Sequence[Body], change_id: int) -> Body:
    """Return jira:issue_updated; `items` are the changelog's."""
    return {
        "timestamp": at * 1000,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": _user(by),
        "issue": _issue(ticket, at),
        "changelog": {"id": str(change_id), "items": list(items)},
    }


def moved(before: str, after: str) -> list[Body]:
    """Return the changelog of a status change; entering and leaving a final status sets and clears the resolution."""
    items = [_item("status", STATUSES[before][0], before, STATUSES[after][0], after)]
    was, now = STATUSES[before][1] == "done", STATUSES[after][1] == "done"
    if was != now:
        items.append(_item("resolution", *(("10000", "Done") if was else (None, None)),
                           *(("10000", "Done") if now else (None, None))))  # fmt: skip
    return items


def edited(field: str, before: str, after: str) -> list[Body]:
    """Return the changelog of any other field's change."""
    return [_item(field, None, before, None, after)]


def _item(field: str, old: str | None, old_text: str | None, new: str | None, new_text: str | None) -> Body:
    return {
        "field": field, "fieldtype": "jira", "fieldId": field,
        "from": old, "fromString": old_text, "to": new, "toString": new_text,
    }  # fmt: skip


def _issue(ticket: Ticket, at: int) -> Body:
    project = ticket.key.partition("-")[0]
    status_id, category = STATUSES[ticket.status]
    done = category == "done"
    fields: Body = {
        "summary": ticket.summary,
        "issuetype": {"id": "1", "name": ticket.issue_type, "subtask": False},
        "project": {"id": f"9{len(project)}", "key": project, "name": project},
        "status": {"id": status_id, "name": ticket.status,
                   "statusCategory": {"id": 4, "key": category, "name": category}},
        "priority": {"id": "3", "name": "Medium"},
        "resolution": {"id": "10000", "name": "Done"} if done else None,
        "resolutiondate": jira(at) if done else None,
        "labels": [],
        "reporter": _user(ticket.reporter),
        "assignee": _user(ticket.reporter),
        "created": jira(ticket.created),
        "updated": jira(at),
        "description": f"Asked for by {ticket.reporter.name} ({ticket.reporter.mail}).",
    }  # fmt: skip
    if ticket.parent is not None:
        fields["parent"] = {"id": "1", "key": ticket.parent, "fields": {"issuetype": {"name": "Epic"}}}
    return {
        "id": str(100_000 + ticket.number),
        "self": f"{SITE}/rest/api/2/issue/{100_000 + ticket.number}",
        "key": ticket.key,
        "fields": fields,
    }


def _user(account: Account) -> Body:
    return {
        "self": f"{SITE}/rest/api/2/user?accountId={account.jira_id}",
        "accountId": account.jira_id,
        "emailAddress": account.mail,
        "displayName": account.name,
        "active": True,
        "accountType": "app" if account.bot else "atlassian",
    }
