"""The texts that a mapping's values find in a delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Final

from msgspec import Struct

from ingest.adapter import Headers, Untranslatable
from ingest.mapping.shape import Shape, Steps, every, getter
from ingest.vocabulary.environments import spelled
from ingest.vocabulary.kept_text import without_addresses
from schemas.mapping import ANY, Condition, Path, Value

MOST_FOUND: Final = 1_000
"""Of what a path with `[*]` finds this much is looked at, the first."""

_MOST_BITS: Final = 256
_MOST_CHARACTERS: Final = 65_536
_PART: Final = "/"


class Scope:
    """A delivery as values see it: its decoded body, the element of `each` that is looked at, and its headers.

    What a path with `[*]` finds in the body is found once, whatever the number of elements.
    """

    __slots__ = ("_seen", "element", "headers", "root")

    def __init__(
        self,
        root: object,
        headers: Headers,
        element: object = None,
        seen: dict[Path, Sequence[object]] | None = None,
    ) -> None:
        self.root = root
        self.element = element
        self.headers = headers
        self._seen: dict[Path, Sequence[object]] = {} if seen is None else seen

    def within(self, element: object) -> Scope:
        """Return the scope of one element."""
        return Scope(self.root, self.headers, element, self._seen)

    def remembered(self, path: Path, find: Callable[[], Sequence[object]]) -> Sequence[object]:
        """Return what a path of the body finds."""
        if path not in self._seen:
            self._seen[path] = find()
        return self._seen[path]


Finder = Callable[[Scope], object]
"""Returns what a path leads to, the first of it, or None."""

Finders = Callable[[Scope], Sequence[object]]
"""Returns all that a path leads to, at most `MOST_FOUND`."""

Text = Callable[[Scope], str | None]
"""Returns a value's text; None where it finds nothing."""


class Found(Struct, frozen=True):
    """A path made ready: `one` for what it leads to, `text` for that as a text, `all` for everything."""

    one: Finder
    text: Text
    all: Finders


def found(path: Path, shape: Shape) -> Found:
    """Return a path, made ready for what a shape decodes."""
    steps = shape.steps(path)
    look = getter(steps)

    def several(scope: Scope) -> Sequence[object]:
        if path.of_element:
            return _some(scope.element, steps)
        return scope.remembered(path, lambda: _some(scope.root, steps))

    def of_element(scope: Scope) -> object:
        return look(scope.element)

    def of_body(scope: Scope) -> object:
        return look(scope.root)

    def one_of_many(scope: Scope) -> object:
        return next(iter(several(scope)), None)

    def text_of_body(scope: Scope) -> str | None:
        value = look(scope.root)
        return value if type(value) is str and 0 < len(value) <= _MOST_CHARACTERS else plain_text(value)

    single = of_element if path.of_element else of_body
    one = one_of_many if None in steps else single
    return Found(one=one, text=text_of_body if one is of_body else lambda scope: plain_text(one(scope)), all=several)


def _some(value: object, steps: Steps) -> Sequence[object]:
    return [each for each, _ in zip(every(value, steps), range(MOST_FOUND), strict=False)]


def plain_text(value: object) -> str | None:
    """Return a scalar as a text, `true` and `false` for truth values; None for nothing, '', objects and lists."""
    if isinstance(value, str):
        return value[:_MOST_CHARACTERS] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MOST_BITS else None
    if isinstance(value, float) and isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None


def text_of(value: Value | None, shape: Shape) -> Text:
    """Return what finds a value's text."""
    if value is None:
        return _nothing
    if value.parts:
        return _joined([text_of(part, shape) for part in value.parts])
    if value.constant is not None:
        return _constant(value.constant)
    look = _header(value.header) if value.header is not None else _first_text([found(p, shape) for p in value.paths])
    return look if _as_it_is(value) else _said(value, look)


def _as_it_is(value: Value) -> bool:
    return value.words is None and value.missing is None and not value.slug


def _nothing(_scope: Scope) -> None:
    return None


def _constant(text: str) -> Text:
    return lambda _scope: text


def _header(name: str) -> Text:
    return lambda scope: scope.headers.get(name) or None


def _joined(parts: Sequence[Text]) -> Text:
    def look(scope: Scope) -> str | None:
        texts = [text for part in parts if (text := part(scope)) is not None]
        return _PART.join(texts) if len(texts) == len(parts) else None

    return look


def _first_text(paths: Sequence[Found]) -> Text:
    if len(paths) == 1:
        return paths[0].text

    def look(scope: Scope) -> str | None:
        return next((text for path in paths if (text := path.text(scope)) is not None), None)

    return look


def _said(value: Value, look: Text) -> Text:
    """Return a text after its words, its slug and what stands in for nothing."""

    def said(scope: Scope) -> str | None:
        text = look(scope)
        if text is None:
            return value.missing
        return worded(value, text)

    return said


def worded(value: Value, text: str) -> str | None:
    """Return what a value makes of a text that was found; None for a word that it does not list."""
    if value.words is not None:
        return value.words.get(text, value.otherwise)
    return spelled(without_addresses(text, _nobody)) if value.slug else text


def _nobody(_address: str) -> str:
    """Return what stands in a slug for a mail address: nothing."""
    return ""


def every_text(value: Value, shape: Shape) -> Callable[[Scope], Sequence[str]]:
    """Return what finds all texts of a value: several where its one path has `[*]`, else at most one."""
    path = value.paths[0] if len(value.paths) == 1 else None
    if path is None or None not in path.steps:
        single = text_of(value, shape)

        def at_most_one(scope: Scope) -> Sequence[str]:
            text = single(scope)
            return () if text is None else (text,)

        return at_most_one
    look = found(path, shape).all

    def several(scope: Scope) -> Sequence[str]:
        texts = [text for each in look(scope) if (text := plain_text(each)) is not None]
        return [word for text in texts if (word := worded(value, text)) is not None]

    return several


def holds(condition: Condition, shape: Shape) -> Callable[[Scope], bool]:
    """Return what tells whether a condition holds: its path finds one of its texts, or anything at all."""
    path, texts = found(condition.path, shape), frozenset(condition.texts)
    if ANY in texts:
        return lambda scope: path.one(scope) is not None
    if None not in condition.path.steps:
        return lambda scope: path.text(scope) in texts
    return lambda scope: any(plain_text(each) in texts for each in path.all(scope))


def required(text: str | None, name: str) -> str:
    """Return a text that has to be there. Raises Untranslatable, naming the path."""
    if text is None:
        raise Untranslatable(f"{name} is missing")
    return text


def name_of(value: Value) -> str:
    """Return how a complaint names a value: by its paths, its header, or its parts."""
    if value.parts:
        return _PART.join(name_of(part) for part in value.parts)
    if value.header is not None:
        return value.header
    return " or ".join(path.text for path in value.paths) or (value.constant or "")


def paths_in(values: Sequence[Value | None]) -> list[Path]:
    """Return every path of some values."""
    return [path for value in values if value is not None for path in (*value.paths, *paths_in(value.parts))]
