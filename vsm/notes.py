"""What is right in a value-stream file and yet likely not meant; pure. Errors are the reader's business."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from ingest.vocabulary.environments import normalise
from schemas.definition import SELECTABLE, Definition, Rule, ServicePaths, ValueStream
from schemas.steps_text import RULE_FIELDS
from vsm.matching import rules_of

_ALIKE: Final = 0.8
_WILD: Final = "*?["
_WITH_STATE: Final = ("change.created", "change.readied")
_WITH_OUTCOME: Final = ("service.deployed", "service.upgraded", "service.rolledback", "pipelinerun.finished")


def notes(definition: Definition) -> Iterator[str]:
    """Yield one line for each thing to look at again, with the place by names."""
    yield from _mappings(definition)
    own = {meaning for source in definition.sources for meaning in source.environments.values()}
    for stream in definition.value_streams:
        yield from _environments(f"{stream.name}.environments", stream.environments, own)
        yield from _selectors(stream)
        yield from _services(stream)
        for step in stream.steps:
            for name, rule in rules_of(step):
                yield from _rule(f"{stream.name}.{step.name}.{name}", rule, own.union(stream.environments))


def _mappings(definition: Definition) -> Iterator[str]:
    tools = {source.tool for source in definition.sources}
    for mapping in definition.mappings:
        if mapping.tool not in tools:
            yield f"mappings.{mapping.tool}: no source is of this tool, so nothing of it comes in"
        for number, rule in enumerate(mapping.events):
            where = f"mappings.{mapping.tool}.events[{number}]"
            if rule.type in _WITH_STATE and rule.state is None:
                yield f"{where}: {rule.type} says no state; the standard map asks for 'ready'"
            if rule.type in _WITH_OUTCOME and rule.outcome is None:
                yield f"{where}: {rule.type} says no outcome; only what says 'success' counts as one"


def _environments(where: str, words: Iterable[str], own: Iterable[str]) -> Iterator[str]:
    for word in words:
        if (meaning := normalise(word)) != word and word not in own:
            yield f"{where}: events say '{meaning}' for '{word}', unless a source's 'environments' says otherwise"


def _selectors(stream: ValueStream) -> Iterator[str]:
    for selector in stream.select:
        repository, project = selector.get("repository", "*"), selector.get("project", "*")
        if "://" in repository or (repository.count("/") < 2 and not set(repository) & set(_WILD)):  # noqa: PLR2004 - host/owner/name
            yield f"{stream.name}.select: '{repository}' is no host/owner/name, such as github.com/acme/checkout"
        if "/" not in project and not set(project) & set(_WILD):
            yield f"{stream.name}.select: '{project}' is no tool/KEY, such as jira/CHK"


def _services(stream: ValueStream) -> Iterator[str]:
    whole = {glob for service in stream.services if not service.paths for glob in service.repositories}
    by_paths: list[ServicePaths] = [service for service in stream.services if service.paths]
    if any(set(selector) != {"service"} for selector in stream.select):
        return
    for glob in sorted({glob for service in by_paths for glob in service.repositories} - whole):
        yield (
            f"{stream.name}.select: pull requests and builds of {glob} tell no files, so they are none of its services "
            "by path; select them by project or repository"
        )


def _rule(where: str, rule: Rule, own: Iterable[str]) -> Iterator[str]:
    yield from _environments(f"{where}.environment", rule.where.get("environment", ()), own)
    known = (*RULE_FIELDS, *SELECTABLE)
    for name in rule.where:
        close = [] if name in known else difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
        if close:
            yield f"{where}: '{name}' is read as an attribute; is '{close[0]}' meant?"
