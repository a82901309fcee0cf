"""The listener with TLS, and with client certificates: who shows none of the authority gets no answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from pydantic import ValidationError

from ingest.settings import Settings
from tests.builders.certificates import Authority
from tests.builders.ingester import CONFIG, Ingester, push_body, signed

PROVEN = "  - {tool: github, name: proven, client_certificate: true}\n"
WITH_PROVEN = CONFIG.replace("sources:\n", f"sources:\n{PROVEN}", 1)
PATH = "/webhooks/github/proven"


class Guarded(Struct, frozen=True):
    """An ingester that asks for client certificates, its authority and a stranger's."""

    ingester: Ingester
    authority: Authority
    stranger: Authority

    def client(self, issuer: Authority | None) -> httpx.Client:
        """A client that shows a certificate of an authority, or none."""
        context = ssl.create_default_context(cafile=self.authority.file)
        if issuer is not None:
            context.load_cert_chain(*issuer.issue(f"client-{time.monotonic_ns()}"))
        return httpx.Client(base_url=f"https://127.0.0.1:{self.ingester.port}", verify=context, timeout=5.0)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A listener with mutual TLS."""
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    certificate, key = authority.issue("server")
    tls = {"VSM_TLS_CERT": str(certificate), "VSM_TLS_KEY": str(key), "VSM_TLS_CLIENT_CA": str(authority.file)}
    found = Guarded(Ingester(folder, WITH_PROVEN, tls), authority, stranger)
    found.ingester.start(waited=False)
    with found.client(authority) as client:
        deadline = time.monotonic() + 30
        while not answers(client) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
    yield found
    found.ingester.stop()


def answers(client: httpx.Client) -> bool:
    """Whether the ingester is ready for this client."""
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_a_certificate_of_the_authority_is_the_proof(guarded: Guarded) -> None:
    """A source that goes by client certificates takes a delivery without a signature over such a connection."""
    with guarded.client(guarded.authority) as client:
        body = push_body(seed="tls")
        headers = {"content-type": "application/json", "x-github-event": "push"}
        assert client.post(PATH, content=body, headers=headers).status_code == 202


@pytest.mark.parametrize("known", [False, True], ids=["without", "of a stranger"])
def test_without_a_certificate_of_the_authority_nobody_gets_in(guarded: Guarded, known: bool) -> None:  # noqa: FBT001 - a case
    """The connection is not made, whatever path was meant."""
    with guarded.client(guarded.stranger if known else None) as client, pytest.raises(httpx.TransportError):
        client.get("/health/live")


def test_a_certificate_is_no_signature(guarded: Guarded) -> None:
    """A source with a secret asks for its proof over such a connection too."""
    with guarded.client(guarded.authority) as client:
        body = push_body(seed="tls")
        headers = {"content-type": "application/json", "x-github-event": "push"}
        unsigned = client.post("/webhooks/github/acme", content=body, headers=headers).status_code
        proven = client.post("/webhooks/github/acme", content=body, headers=signed(body)).status_code
        assert (unsigned, proven) == (401, 202)


def test_a_listener_that_asks_for_no_certificates_takes_nothing_for_such_a_source(tmp_path: Path) -> None:
    """A source that goes by certificates is closed where the listener checks none: nothing is taken on trust."""
    ingester = Ingester(tmp_path, WITH_PROVEN).start()
    body = push_body(seed="open")
    answer = httpx.post(f"{ingester.url}{PATH}", content=body, headers=signed(body))
    ingester.stop()
    said = "a source asks for client certificates, and the listener for none"
    assert (answer.status_code, said in ingester.logged()) == (401, True)


@pytest.mark.parametrize("wrong", ["VSM_TLS_CERT", "VSM_TLS_KEY", "VSM_TLS_CLIENT_CA"])
@pytest.mark.parametrize("file", ["missing", "empty", "."])
def test_files_that_hold_nothing_of_their_kind_end_it_in_words(wrong: str, file: str, tmp_path: Path) -> None:
    """The listener is not opened without them, and the process does not stay without a listener."""
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("server")
    (tmp_path / "empty").touch()
    tls = {"VSM_TLS_CERT": str(certificate), "VSM_TLS_KEY": str(key), "VSM_TLS_CLIENT_CA": str(authority.file)}
    ingester = Ingester(tmp_path, WITH_PROVEN, tls | {wrong: str(tmp_path / file)}).start(waited=False)
    status = ingester.ended()
    assert (status, wrong in ingester.logged(), "could not start" in ingester.logged()) == (1, True, True)


@pytest.mark.parametrize("half", [{"tls_cert": "a.pem"}, {"tls_key": "a.key"}, {"tls_client_ca": "ca.pem"}], ids=str)
def test_half_of_what_tls_needs_is_refused(half: dict[str, str]) -> None:
    """A certificate without its key, or an authority without a certificate, never means an open listener."""
    with pytest.raises(ValidationError, match="VSM_TLS_KEY"):
        Settings.model_validate(half)
