"""What a CDEvent's subject is linked to: by its content, and by what senders add in `customData`."""

from __future__ import annotations

import re
from typing import Final

from ingest.adapter import Context
from ingest.adapters.cdevents import names
from ingest.adapters.cdevents.bodies import Content, Event, texts
from ingest.vocabulary.keys import key_links, keys_in_text, unique_links
from schemas.event import Link, LinkKind, LinkMethod
from schemas.identity import commit_uri, run_uri

DEPLOYED: Final = frozenset({"deployed", "upgraded", "rolledback"})
"""What of a service is a finished deployment; that it can be reached (published) or is gone (removed) is none."""

_SHA: Final = re.compile(r"[0-9a-fA-F]{40}")
_RUNS: Final = frozenset({"build", "custom", "pipelinerun", "taskrun", "testcaserun", "testoutput", "testsuiterun"})
_COMMIT_KIND: Final = {
    "artifact": LinkKind.BUILT_FROM, "change": LinkKind.CONTAINS, "incident": LinkKind.CAUSED_BY,
    "service": LinkKind.DEPLOYS,
}  # fmt: skip


def run(context: Context, subject: str, name: str, source: str) -> str:
    """Return the uri of a run of any kind: ids are unique among one kind and in one source only."""
    return run_uri(context.tool, context.source, f"{subject}-{names.own(name, source)}")


def links(event: Event, context: Context, subject: str, predicate: str, in_repository: str | None) -> tuple[Link, ...]:
    """Return the links of an event's subject, each once."""
    content, custom = event.subject.content, texts(event.custom)
    found = [*_of_artifact(content, subject, predicate), *_of_runs(event, context, subject)]
    if content.change is not None and content.change.id:
        kind = LinkKind.BUILT_FROM if subject == "artifact" else LinkKind.PART_OF
        uri = names.change(content.change.id, content.change.source or event.home, in_repository)
        found.append(Link(uri=uri, kind=kind, method=LinkMethod.EXPLICIT))
    return unique_links([*found, *_of_custom(event, custom, subject, predicate, in_repository)])


def _of_artifact(content: Content, subject: str, predicate: str) -> list[Link]:
    package = content.artifact or (content.artifact_reference.id if content.artifact_reference else None)
    if not package:
        return []
    uri = names.artifact(package)
    if subject == "service" and predicate in DEPLOYED:
        return [Link(uri=uri, kind=LinkKind.DEPLOYS, method=LinkMethod.DIGEST)]
    if subject == "incident" and predicate != "resolved":
        return [Link(uri=uri, kind=LinkKind.CAUSED_BY, method=LinkMethod.DIGEST)]
    return []


def _of_runs(event: Event, context: Context, subject: str) -> list[Link]:
    """Return the run that a task or test ran in; a reference without a source is of the event's own."""
    content = event.subject.content
    parents = {
        "pipelinerun": content.pipeline_run, "testsuiterun": content.test_suite_run,
        "testcaserun": content.test_case_run,
    }  # fmt: skip
    return [
        Link(
            uri=run(context, kind, parent.id, parent.source or event.home),
            kind=LinkKind.PART_OF,
            method=LinkMethod.EXPLICIT,
        )
        for kind, parent in parents.items()
        if parent is not None and parent.id and kind != subject
    ]


def _of_custom(
    event: Event, custom: dict[str, str], subject: str, predicate: str, in_repository: str | None
) -> list[Link]:
    """Return what `customData` names: a `commit`, a `change`, a `ticket`."""
    found: list[Link] = []
    commit, change = custom.get("commit", ""), custom.get("change", "")
    kind = LinkKind.PART_OF if subject in _RUNS else _COMMIT_KIND.get(subject)
    if subject == "service" and predicate not in DEPLOYED:
        kind = None
    if subject == "change" and predicate == "merged":
        kind = LinkKind.MERGED_AS
    if kind is not None and _SHA.fullmatch(commit):
        found.append(Link(uri=commit_uri(commit), kind=kind, method=LinkMethod.COMMIT))
    if change and subject in _RUNS:
        uri = names.change(change, event.home, in_repository)
        found.append(Link(uri=uri, kind=LinkKind.PART_OF, method=LinkMethod.EXPLICIT))
    if subject not in {"incident", "service", "ticket"}:
        found += key_links(keys_in_text(custom.get("ticket", "")), LinkMethod.EXPLICIT)
    return found
