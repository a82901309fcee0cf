"""The `services` of a value-stream file: which code a service is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.definition import ServicePaths
from schemas.names_text import name_of
from schemas.yaml_node import Node

SERVICE_KEYS: Final = ("service", "repositories", "paths")


def read_services(node: Node | None) -> tuple[ServicePaths, ...]:
    """Return the services that a list describes, in its order; () where there is none. Problems are noted on it."""
    nodes = node.items() if node is not None else []
    services = tuple(_service(child) for child in nodes)
    _no_two_have_all(nodes, services)
    return services


def _service(node: Node) -> ServicePaths:
    fields = node.fields(SERVICE_KEYS, required=("service", "repositories"))
    return ServicePaths(
        service=name_of(fields.get("service")),
        repositories=fields["repositories"].texts() if "repositories" in fields else (),
        paths=tuple(_path(child) for child in fields["paths"].one_or_many()) if "paths" in fields else (),
    )


def _path(node: Node) -> str:
    path = node.text()
    if path.startswith(("/", "./", "../")):
        node.complain(f"'{path}' is no path inside a repository", "begin at its top without '/', such as 'cart/**'")
    return path


def _no_two_have_all(nodes: Sequence[Node], services: Sequence[ServicePaths]) -> None:
    """Complain where two services without paths claim the same repositories: one of them would never be found."""
    whole: dict[str, str] = {}
    for node, service in zip(nodes, services, strict=True):
        for repositories in service.repositories if not service.paths else ():
            other = whole.setdefault(repositories, service.service)
            if other != service.service:
                node.complain(f"'{repositories}' is all of service '{other}' already", "tell the two apart by 'paths'")
