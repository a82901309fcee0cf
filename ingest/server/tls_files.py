"""Whether the files of TLS can be used, told before the server is started: it would break off without a word."""

from __future__ import annotations

import ssl
from pathlib import Path


class BadTlsFiles(ValueError):  # noqa: N818 - shown to the operator as it is
    """A certificate, key or authority that no listener can be opened with; says which and why, nothing in it."""


def check_tls_files(cert: Path | None, key: Path | None, client_ca: Path | None) -> None:
    """Raise BadTlsFiles for files that cannot be read, hold nothing of their kind, or do not belong together."""
    if cert is None or key is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as bad:
        raise BadTlsFiles(f"VSM_TLS_CERT ({cert}) and VSM_TLS_KEY ({key}) cannot be used: {bad}") from bad
    if client_ca is None:
        return
    try:
        context.load_verify_locations(client_ca)
    except (OSError, ValueError) as bad:
        raise BadTlsFiles(f"VSM_TLS_CLIENT_CA ({client_ca}) cannot be used: {bad}") from bad
