"""Who caused a fact: humans, bots and AI agents told apart by what the tool says of the account; pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from schemas.event import ActorClass

_AGENTS: Final = frozenset(
    {
        "aider", "amazon-q-developer", "augmentcode", "chatgpt-codex-connector", "claude", "claude-code", "codegen-sh",
        "codex", "coderabbitai", "copilot", "copilot-pull-request-reviewer", "copilot-swe-agent", "cursor",
        "cursoragent", "devin-ai-integration", "ellipsis-dev", "factory-droid", "gemini-code-assist",
        "google-labs-jules", "greptile-apps", "graphite-app", "jules", "korbit-ai", "openai-codex", "openhands",
        "openhands-agent", "qodo-merge-pro", "qodo-merge", "sourcery-ai", "sweep-ai", "windsurf",
    }
)  # fmt: skip
_BOTS: Final = frozenset(
    {
        "automation-for-jira", "dependabot", "dependabot-preview", "github-actions", "github-merge-queue",
        "gitlab-bot", "greenkeeper", "jenkins", "mergify", "pre-commit-ci", "pyup-bot", "renovate", "semantic-release",
        "snyk", "web-flow",
    }
)  # fmt: skip
_BOT_ENDING: Final = re.compile(r"(?:[-_.]bot|[-_.]ci|[-_.]robot|[-_.]automation)$|^(?:bot|ci|robot|svc|service)[-_.]")
_LONGEST: Final = 128
_SUFFIX: Final = "[bot]"


class Actor(Struct, frozen=True, gc=False):
    """The class of an account and its keyed hash (None where the tool gives no account id)."""

    actor_class: ActorClass
    actor: str | None = None


UNKNOWN: Final = Actor(ActorClass.UNKNOWN)
"""Nobody is named, or the account is gone."""


def classify(account: str, *, automated: bool = False) -> ActorClass:
    """Return the class of an account by its name in the tool; the name itself is not kept.

    `automated`: the tool says it is no person (an app, a service account). '' is unknown.
    """
    return _class_of(account[:_LONGEST], automated)


@lru_cache(maxsize=4096)
def _class_of(account: str, automated: bool) -> ActorClass:  # noqa: FBT001 - a plain argument is remembered faster
    if not account:
        return ActorClass.UNKNOWN
    name = account.lower()
    suffixed = name.endswith(_SUFFIX)
    plain = name.removesuffix(_SUFFIX).strip()
    if plain in _AGENTS and (suffixed or automated or plain not in _GIVEN_NAMES):
        return ActorClass.AGENT
    if suffixed or automated or plain in _BOTS or _BOT_ENDING.search(plain):
        return ActorClass.BOT
    return ActorClass.HUMAN


_GIVEN_NAMES: Final = frozenset({"claude", "devin", "jules"})
"""Agents' names that people bear too: an agent only where the tool says that the account is no person."""
