"""Selectors claim events by their reserved attributes and by what their links name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.routing import Claim, Router
from schemas.definition import Definition, ServicePaths, ValueStream
from schemas.event import UNROUTED, FlowEvent, Link, LinkKind, LinkMethod


def event(links: tuple[Link, ...] = (), **attributes: str) -> FlowEvent:
    """A fact with these attributes and links."""
    return FlowEvent(
        event_id="e1", type="change.created", occurred_at=1, received_at=2, tool="github", source="acme",
        delivery_id="d", subject_id="change:x/1", links=links, attributes=attributes,
    )  # fmt: skip


def link(uri: str, kind: LinkKind = LinkKind.PART_OF) -> Link:
    """A link to `uri`."""
    return Link(uri=uri, kind=kind, method=LinkMethod.EXPLICIT)


def stream(name: str, *select: dict[str, str], services: tuple[ServicePaths, ...] = ()) -> ValueStream:
    """A stream with these selectors."""
    return ValueStream(name=name, select=select, steps=(), services=services)


def router(*streams: ValueStream) -> Router:
    """A router of these streams."""
    return Router(Definition(version="v", value_streams=streams))


def claimed(by: Router, fact: FlowEvent) -> list[str]:
    """The names of the streams that claim a fact."""
    return [claim.stream for claim in by.claims(fact)]


@pytest.mark.parametrize(
    ("select", "attributes", "claims"),
    [
        ({"repository": "github.com/acme/checkout-*"}, {"repository": "github.com/acme/checkout-api"}, True),
        ({"repository": "github.com/acme/checkout-*"}, {"repository": "github.com/acme/billing"}, False),
        ({"repository": "github.com/acme/checkout-*"}, {"repository": "evil.com/github.com/acme/checkout-x"}, False),
        ({"repository": "github.com/acme/checkout-*"}, {}, False),
        ({"project": "jira/CHK"}, {"project": "jira/CHK"}, True),
        ({"project": "jira/CHK"}, {"project": "jira/CHKX"}, False),
        ({"repository": "*"}, {}, True),
        ({"repository": "**"}, {}, False),
        ({"repository": "a/*", "branch": "main"}, {"repository": "a/b", "branch": "main"}, True),
        ({"repository": "a/*", "branch": "main"}, {"repository": "a/b", "branch": "next"}, False),
        ({"service": "checkout"}, {"repository": "github.com/acme/checkout"}, True),
        ({"service": "checkout"}, {"repository": "github.com/acme/checkout", "service": "other"}, False),
        ({"repository": "a[b"}, {"repository": "a[b"}, True),
    ],
)
def test_selector_reads_attributes(select: dict[str, str], attributes: dict[str, str], claims: bool) -> None:  # noqa: FBT001 - a case
    """A selector claims when each of its fields matches; `*` alone also matches what lacks the field."""
    assert bool(claimed(router(stream("s", select)), event((), **attributes))) is claims


@pytest.mark.parametrize(
    ("select", "linked", "claims"),
    [
        ({"repository": "github.com/acme/app"}, link("change:github.com/acme/app/97"), True),
        ({"repository": "github.com/acme/app"}, link("change:github.com/acme/other/97"), False),
        ({"project": "jira/CHK"}, link("ticket:jira/CHK-12"), True),
        ({"project": "github/acme/app"}, link("ticket:github/acme/app/12"), True),
        ({"project": "jira/CHK"}, link("ticket:*/CHK-12"), True),
        ({"project": "jira/*"}, link("ticket:*/UTF-8"), False),
        ({"project": "jira/C*"}, link("ticket:*/CHK-12"), True),
        ({"project": "jira/CHK"}, link("ticket:jira/CHK-12", LinkKind.RELATES_TO), False),
        ({"repository": "github.com/acme/app"}, link("commit:" + "a" * 40), False),
    ],
)
def test_selector_reads_links(select: dict[str, str], linked: Link, claims: bool) -> None:  # noqa: FBT001 - a case
    """A deployment or change made elsewhere is claimed by the streams whose changes and tickets it names."""
    assert bool(claimed(router(stream("s", select)), event((linked,), repository="github.com/ops/gitops"))) is claims


def test_one_copy_a_claiming_stream() -> None:
    """Each claiming stream gets its copy, with the same event id; the other facts of it are unchanged."""
    both = router(
        stream("one", {"repository": "a/*"}), stream("two", {"branch": "main"}), stream("three", {"project": "x"})
    )

    copies = both.route(event(repository="a/b", branch="main"))

    assert [(c.value_stream, c.event_id, c.attributes["routed_by"]) for c in copies] == [
        ("one", "e1", "select"), ("two", "e1", "select"),
    ]  # fmt: skip


def test_unclaimed_goes_to_unrouted() -> None:
    """What nobody claims is kept as unrouted."""
    assert [copy.value_stream for copy in router().route(event(repository="a/b"))] == [UNROUTED]


def test_a_stream_that_selects_twice_claims_once() -> None:
    """Two matching selectors of one stream make one copy."""
    assert claimed(router(stream("s", {"repository": "a/b"}, {"repository": "a/*"})), event(repository="a/b")) == ["s"]


def test_service_is_the_streams_own_name_for_a_repository() -> None:
    """A stream's `services` name a repository's service, else it is the repository's name; the event's own stays."""
    services = (ServicePaths(service="shop", repositories=("a/web-*",)),)
    own = router(stream("s", {"repository": "*"}, services=services))
    cases: list[dict[str, str]] = [{"repository": "a/web-1"}, {"repository": "a/b"}, {"service": "z"}, {}]

    claims = [own.claims(event((), **given))[0] for given in cases]

    assert claims == [Claim("s", "shop"), Claim("s", "b"), Claim("s", "z"), Claim("s", None)]


@settings(max_examples=50)
@given(st.text(max_size=50), st.text(max_size=50))
def test_any_glob_and_value_is_an_answer(glob: str, value: str) -> None:
    """No glob and no value make routing fail, and asking again gives the same."""
    routes = router(stream("s", {"repository": glob, "project": glob}))
    fact = event((link(f"ticket:*/{value}-1"), link(value)), repository=value, project=value)

    assert claimed(routes, fact) == claimed(routes, fact)
