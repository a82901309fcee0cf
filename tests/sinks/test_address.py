"""Addresses of ClickHouse."""

from __future__ import annotations

import pytest

from sinks.clickhouse.address import Address, BadAddress, parsed


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h", Address(interface="http", host="h", port=8123, user="default", password="")),
        ("https://h/", Address(interface="https", host="h", port=8443, user="default", password="")),
        ("http://u:p%40%2F%25s@h:1", Address(interface="http", host="h", port=1, user="u", password="p@/%s")),
        ("http://u%3Ax:p+p@[::1]:9", Address(interface="http", host="::1", port=9, user="u:x", password="p+p")),
    ],
)
def test_user_and_password_are_percent_decoded(url: str, address: Address) -> None:
    """A password with characters of URLs arrives as it is."""
    assert parsed(url) == address


@pytest.mark.parametrize(
    "url", ["h:8123", "ftp://h", "http://", "http://u:secret#x@h:1", "http://u:secret/x@h:1", "http://u:se?cret@h:1"]
)
def test_what_is_no_address_is_refused_without_repeating_it(url: str) -> None:
    """A password that was not encoded breaks the address; the error holds nothing of it."""
    with pytest.raises(BadAddress) as bad:
        parsed(url)
    assert "secret" not in str(bad.value)
