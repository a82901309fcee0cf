"""Which service an event belongs to: what its tool tells, else its files, else its repository."""

from __future__ import annotations

import json

import msgspec
import pytest

from ingest.adapters.github.pushes import push
from ingest.path_globs import any_path
from ingest.routing import SERVICE_BY, Router, as_told
from ingest.vocabulary.touched_paths import MOST_CHARACTERS, touched_paths
from schemas.definition_file import parse
from schemas.event import PATHS, FlowEvent
from tests.builders.deliveries import context
from tests.builders.ingester import push_body

MONO = """\
version: 1
services:
  - {service: cart, repositories: ["github.com/acme/mono"], paths: ["cart/**"]}
  - {service: pay, repositories: ["github.com/acme/mono"], paths: ["pay", "libs/money/*.py"]}
value_streams:
  - {name: paying, select: [{service: pay}]}
  - {name: carting, select: [{service: cart}]}
  - {name: all, select: [{repository: "github.com/acme/*"}]}
"""
WHOLE = MONO.replace("value_streams:", '  - {service: core, repositories: ["github.com/acme/mono"]}\nvalue_streams:')
UNTIED = "version: 1\nvalue_streams: [{name: all, select: ['*']}]\n"


def event(*paths: str, **attributes: str) -> FlowEvent:
    """A commit of the monorepo that touched these paths, or a fact that tells no files."""
    told = {PATHS: "\n".join(paths)} if paths else {}
    return FlowEvent(
        event_id="e1", type="commit.created", occurred_at=1, received_at=2, tool="github", source="acme",
        delivery_id="d", subject_id="commit:x",
        attributes={"repository": "github.com/acme/mono", **attributes, **told},
    )  # fmt: skip


def routed(file: str, fact: FlowEvent) -> dict[str, str | None]:
    """Return the service of each stream's copy, None for a copy without one."""
    return {copy.value_stream: copy.attributes.get("service") for copy in Router(parse(file)).route(fact)}


@pytest.mark.parametrize(
    ("fact", "claims"),
    [
        (event("pay/app.py"), {"paying": "pay", "all": "pay"}),
        (event("pay/app.py", "README.md"), {"paying": "pay", "all": "pay"}),
        (event("libs/money/euro.py"), {"paying": "pay", "all": "pay"}),
        (event("cart/app.py"), {"carting": "cart", "all": "cart"}),
        (event("cart/app.py", "pay/app.py"), {"paying": "pay", "carting": "cart", "all": None}),
        (event("README.md"), {"all": "mono"}),
        (event("libs/money/notes/euro.txt"), {"all": "mono"}),
        (event(), {"all": "mono"}),
        (event(service="cart"), {"carting": "cart", "all": "cart"}),
        (event("pay/app.py", service="cart"), {"carting": "cart", "all": "cart"}),
        (event("pay/app.py", repository="github.com/acme/other"), {"all": "other"}),
    ],
)
def test_the_files_tell_the_services_of_a_monorepo(fact: FlowEvent, claims: dict[str, str | None]) -> None:
    """A fact is each service's whose files it touches, and the repository's where it tells or touches none of them."""
    assert routed(MONO, fact) == claims


@pytest.mark.parametrize(
    ("fact", "service"), [(event(), "core"), (event("README.md"), "core"), (event("pay/app.py"), "pay")]
)
def test_a_service_without_paths_has_the_rest(fact: FlowEvent, service: str) -> None:
    """What no path claims is the service's that is tied to the whole repository."""
    assert routed(WHOLE, fact)["all"] == service


def test_the_order_of_services_decides_nothing_between_paths() -> None:
    """Two services named the other way around claim the same."""
    lines = MONO.splitlines()
    turned = "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    facts = (event("pay/app.py"), event("cart/app.py"), event("cart/a", "pay/a"), event())
    assert [routed(turned, fact) for fact in facts] == [routed(MONO, fact) for fact in facts]


@pytest.mark.parametrize(("file", "kept"), [(MONO, True), (UNTIED, False)])
def test_paths_are_kept_only_where_a_service_goes_by_them(file: str, kept: bool) -> None:  # noqa: FBT001 - a case
    """A definition without paths has no use for the names of files."""
    assert all((PATHS in copy.attributes) is kept for copy in Router(parse(file)).route(event("pay/app.py")))


@pytest.mark.parametrize("fact", [event("pay/app.py"), event(service="pay"), event(), event(repository="")])
def test_what_routing_wrote_can_be_taken_back(fact: FlowEvent) -> None:
    """A copy, told anew, is the event it was made of: another definition finds its own service."""
    assert [as_told(copy) for copy in Router(parse(MONO)).route(fact)] == [fact] * len(routed(MONO, fact))


def test_a_tools_own_service_is_not_marked() -> None:
    """Only a service that was found here may be found otherwise."""
    own, found = event(service="pay"), event("pay/app.py")
    marks = [SERVICE_BY in Router(parse(MONO)).route(fact)[0].attributes for fact in (own, found)]
    assert marks == [False, True]


def test_a_push_reaches_the_streams_of_the_files_it_touched() -> None:
    """From GitHub's own body: added, removed and modified files count alike, the login in a path is not kept."""
    body = json.loads(push_body(repository="acme/mono"))
    body["commits"][0] |= {"added": ["docs/planted/a.md"], "removed": ["pay/old.py"], "modified": ["docs/b.md"]}
    translated = push(json.dumps(body).encode(), context("github", {}))
    assert isinstance(translated, list)
    copies = Router(parse(MONO)).route(translated[0])
    assert [(c.value_stream, c.attributes[PATHS]) for c in copies] == [
        ("paying", "docs/b.md\ndocs/~/a.md\npay/old.py"),
        ("all", "docs/b.md\ndocs/~/a.md\npay/old.py"),
    ]


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("cart/**", "cart/a/b.py", True),
        ("cart/**", "carts/a.py", False),
        ("cart/**", "old/cart/a.py", False),
        ("cart", "cart/a/b.py", True),
        ("cart/", "cart/a/b.py", True),
        ("cart/*.py", "cart/a.py", True),
        ("cart/*.py", "cart/a/b.py", False),
        ("cart/*", "cart/a/b.py", True),
        ("**/cart.py", "cart.py", True),
        ("**/cart.py", "a/b/cart.py", True),
        ("**/cart.py", "a/b/my_cart.py", False),
        ("libs/*/src", "libs/money/src/a.py", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("**", "any/thing", True),
    ],
)
def test_a_glob_matches_files_and_folders(glob: str, path: str, matches: bool) -> None:  # noqa: FBT001 - a case
    """`*` stays in a segment, `**` does not, and a folder has all below it, wherever the path stands in the text."""
    assert any_path((glob,))(f"before\n{path}\nafter") is matches


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ((b"[]", b"[]"), None),
        ((b'["b", "a"]', b'["b"]'), "a\nb"),
        ((b'["a\\u0000b", "c"]',), "c"),
        ((b'["Octo/x", "octopus/Octo", "y"]',), "octopus/~\ny\n~/x"),
        ((b"5",), None),
        ((b"[1, 2]",), None),
        ((b'["' + b"x" * MOST_CHARACTERS + b'"]',), None),
    ],
)
def test_touched_paths_are_all_of_them_or_none(lists: tuple[bytes, ...], told: str | None) -> None:
    """Garbled lists and lists beyond the bound tell no paths; logins and unprintable names are not kept."""
    assert touched_paths([msgspec.Raw(part) for part in lists], ["octo", None, ""]) == told
