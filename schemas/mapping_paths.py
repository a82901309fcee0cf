"""The path language of mappings, a small closed part of JSONPath: members, indices and `[*]`; pure.

| written | finds |
|---|---|
| `$` | the body; `$each` the element of `each` |
| `.name` | a member; a name with other characters is `['odd name']` |
| `[0]`, `[-1]` | an element, counted from the end where negative |
| `[*]` | every element |

There are no filters, no recursion, no slices and no scripts. No name holds a backslash, a control character or `"`.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.mapping import Path, Step

LONGEST: Final = 256
"""The longest path, in characters."""

MOST_STEPS: Final = 16
"""The most steps of a path."""

_STEP: Final = re.compile(
    r"""\.(?P<member>[^\s.\[\]'"*$@()?,:\\\x00-\x1f]+)"""
    r"""|\['(?P<single>[^'"\\\x00-\x1f]+)'\]|\["(?P<double>[^"\\\x00-\x1f]+)"\]"""
    r"""|\[(?P<index>-?[0-9]{1,4})\]|\[(?P<every>\*)\]"""
)

ELEMENT: Final = "$each"
"""The element of `each`."""

GRAMMAR: Final = (
    r"""^\$(?:each)?(?:\.[^\s.\[\]'"*$@()?,:\\\x00-\x1f]+|\['[^'"\\\x00-\x1f]+'\]|\["[^"\\\x00-\x1f]+"\]"""
    r"""|\[-?[0-9]{1,4}\]|\[\*\])*$"""
)
"""The language as one pattern, for the schema of the file."""


class BadPath(ValueError):  # noqa: N818 - an expected outcome, shown to whoever wrote the file
    """A text that is no path of this language; says why."""


def is_path(text: str) -> bool:
    """Tell whether a text is meant as a path: it begins with `$`."""
    return text.startswith("$")


def read_path(text: str) -> Path:
    """Return the path that a text says. Raises BadPath."""
    if len(text) > LONGEST:
        raise BadPath(f"the path is longer than {LONGEST} characters")
    if not is_path(text):
        raise BadPath(f"'{text}' is no path: paths begin with '$' (the body) or '$each' (the element of 'each')")
    steps: list[Step] = []
    of_element = text.startswith(ELEMENT)
    at = len(ELEMENT) if of_element else 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise BadPath(f"'{text[at:][:40]}' in '{text[:40]}' is none of .member, ['member'], [0] and [*]")
        steps.append(_step(found))
        at = found.end()
    if len(steps) > MOST_STEPS:
        raise BadPath(f"the path has more than {MOST_STEPS} steps")
    return Path(text, tuple(steps), of_element=of_element)


def _step(found: re.Match[str]) -> Step:
    if found["every"]:
        return None
    if found["index"]:
        return int(found["index"])
    return found["member"] or found["single"] or found["double"]
