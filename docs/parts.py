"""A page of which parts are written by the code, between marks that stay."""

from __future__ import annotations

from collections.abc import Mapping


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with each named part written anew. Raises ValueError where a part has no place."""
    for name, text in parts.items():
        head, begin, rest = page.partition(f"<!-- {name}: generated, do not edit -->\n")
        _, end, tail = rest.partition(f"<!-- {name}: end -->")
        if not (begin and end):
            raise ValueError(f"the page has no place for its {name}")
        page = f"{head}{begin}\n{text}\n\n{end}{tail}"
    return page
