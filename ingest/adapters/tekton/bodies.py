"""Tekton's CloudEvents, typed: only the fields of a run that a translation needs.

Pipelines as Code says in labels and annotations what a run was made for; without it a run's own parameters and results
may, where they are called by the usual names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from ingest.adapter import Untranslatable

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_DIGEST_RESULTS: Final = ("IMAGE_DIGEST", "ARTIFACT_DIGEST")
_COMMIT_RESULT: Final = "CHAINS-GIT_COMMIT"
_REPOSITORY_RESULT: Final = "CHAINS-GIT_URL"
_COMMITS: Final = frozenset({"commit", "commit-sha", "git-commit", "git-revision", "revision", "sha"})
_REPOSITORIES: Final = frozenset({"git-repo-url", "git-url", "repo-url", "repository", "repository-url"})
_PAC: Final = "pipelinesascode.tekton.dev/"


class Labels(Struct, frozen=True):
    """The labels that are read."""

    pipeline: str | None = field(name="tekton.dev/pipeline", default=None)
    task: str | None = field(name="tekton.dev/pipelineTask", default=None)
    task_definition: str | None = field(name="tekton.dev/task", default=None)
    sha: str | None = field(name=_PAC + "sha", default=None)
    event_type: str | None = field(name=_PAC + "event-type", default=None)
    sender: str | None = field(name=_PAC + "sender", default=None)
    original_name: str | None = field(name=_PAC + "original-prname", default=None)


class Annotations(Struct, frozen=True):
    """The annotations that are read; `sha` and the like stand in the labels of older releases."""

    sha: str | None = field(name=_PAC + "sha", default=None)
    event_type: str | None = field(name=_PAC + "event-type", default=None)
    sender: str | None = field(name=_PAC + "sender", default=None)
    original_name: str | None = field(name=_PAC + "original-prname", default=None)
    repository: str | None = field(name=_PAC + "repo-url", default=None)
    source_branch: str | None = field(name=_PAC + "source-branch", default=None)
    pull_request: str | None = field(name=_PAC + "pull-request", default=None)
    log_url: str | None = field(name=_PAC + "log-url", default=None)


class Owner(Struct, frozen=True):
    """What a run belongs to: of a pipeline's task, the run of the pipeline."""

    kind: str = ""
    uid: str = ""


class Metadata(Struct, frozen=True):
    """The object's own: it is known by its `uid`, as a name may come again."""

    uid: str
    created_at: str = field(name="creationTimestamp")
    namespace: str = ""
    labels: Labels = Labels()
    annotations: Annotations = Annotations()
    owners: tuple[Owner, ...] = field(name="ownerReferences", default=())


class Named(Struct, frozen=True):
    """A parameter or a result; its value is a text, a list or a mapping."""

    name: str = ""
    value: Any = None


class Spec(Struct, frozen=True):
    """What was asked for."""

    params: tuple[Named, ...] = ()


class Condition(Struct, frozen=True):
    """A condition: of the type `Succeeded` the status is True, False or Unknown, and the reason says more."""

    type: str = ""
    status: str = ""
    reason: str | None = None


class Status(Struct, frozen=True):
    """How it went; a result's name depends on the version of the API. `retries` are the earlier attempts."""

    conditions: tuple[Condition, ...] = ()
    started_at: str | None = field(name="startTime", default=None)
    finished_at: str | None = field(name="completionTime", default=None)
    results: tuple[Named, ...] | None = None
    pipeline_results: tuple[Named, ...] | None = field(name="pipelineResults", default=None)
    retries: tuple[Status, ...] | None = field(name="retriesStatus", default=None)

    @property
    def succeeded(self) -> Condition:
        """The condition that tells the outcome; an empty one where there is none yet."""
        return next((told for told in self.conditions if told.type == "Succeeded"), Condition())


class Run(Struct, frozen=True):
    """A PipelineRun, TaskRun or CustomRun."""

    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()

    @property
    def sha(self) -> str | None:
        """The commit that the run was made for, as far as anything names it."""
        told = self.metadata.annotations.sha or self.metadata.labels.sha
        return told or self._named(_COMMIT_RESULT, _COMMITS)

    @property
    def repository(self) -> str | None:
        """The address of the repository, as far as anything names it."""
        return self.metadata.annotations.repository or self._named(_REPOSITORY_RESULT, _REPOSITORIES)

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests of the images that the run's results name, each once."""
        named = (text for name, text in _texts(self._results) if name.endswith(_DIGEST_RESULTS))
        return tuple(dict.fromkeys(text for text in named if _DIGEST.fullmatch(text)))

    @property
    def _results(self) -> tuple[Named, ...]:
        return self.status.results or self.status.pipeline_results or ()

    def _named(self, result: str, parameters: frozenset[str]) -> str | None:
        told = (text for name, text in _texts(self._results) if name == result)
        asked = (text for name, text in _texts(self.spec.params) if name.lower().replace("_", "-") in parameters)
        return next(told, None) or next(asked, None)


class Data(Struct, frozen=True):
    """What an event tells of: one of the three."""

    pipeline_run: Run | None = field(name="pipelineRun", default=None)
    task_run: Run | None = field(name="taskRun", default=None)
    custom_run: Run | None = field(name="customRun", default=None)


class Body(Data, frozen=True):
    """A delivery in binary mode; `data` holds it in structured mode, as a broker may hand it on."""

    data: Data | None = None


_decode: Final = msgspec.json.Decoder(Body).decode


def run_of(body: bytes) -> Run:
    """Return the run that a body tells of. Raises Untranslatable where there is none."""
    told: Data = (decoded := _decode(body)).data or decoded
    run = told.pipeline_run or told.task_run or told.custom_run
    if run is None:
        raise Untranslatable("the body holds no run")
    return run


def _texts(named: tuple[Named, ...]) -> Iterator[tuple[str, str]]:
    """Yield the parameters or results that are texts, without the line end that scripts leave."""
    return ((one.name, one.value.strip()) for one in named if isinstance(one.value, str))
