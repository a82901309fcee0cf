"""One main branch for all services of a repository: each push follows on the one before, whoever made it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import msgspec
from msgspec.structs import replace

from lab.sending import SentDelivery

_MAIN: Final = "refs/heads/main"


def one_trunk(sent: Iterable[SentDelivery]) -> list[SentDelivery]:
    """Return the deliveries with the pushes to each main branch told as pushed one after another.

    The lab lives each service by itself: in a repository of several, each would say of the main branch's head before
    its push that it was its own last one.
    """
    hooks = list(sent)
    bodies = [msgspec.json.decode(hook.body) if hook.tool == "github" else {} for hook in hooks]
    landed = {
        (body["repository"]["full_name"], body["pull_request"]["merge_commit_sha"]): body["pull_request"]["merged_at"]
        for body in bodies
        if body.get("action") == "closed" and body["pull_request"]["merged"]
    }
    in_order = sorted(landed, key=lambda place: (place[0], landed[place]))
    before = {later: sha for (name, sha), later in pairwise(in_order) if later[0] == name}
    for index, body in enumerate(bodies):
        if body.get("ref") == _MAIN:
            earlier = before.get((body["repository"]["full_name"], body["after"]), body["before"])
            hooks[index] = replace(hooks[index], body=msgspec.Raw(msgspec.json.encode({**body, "before": earlier})))
    return hooks
