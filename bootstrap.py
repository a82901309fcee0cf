"""Fetches uv, which makes the environment, with nothing but Python: bare Debian has neither pip nor venv.

`python3 bootstrap.py TARGET` leaves the program at TARGET. It comes from the index that `UV_DEFAULT_INDEX` or
`PIP_INDEX_URL` names, else from PyPI, and is taken only if its hash is the one written here.
"""

from __future__ import annotations

import hashlib
import html
import io
import os
import platform
import re
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

VERSION: Final = "0.13.9"
WHEELS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_28_aarch64",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
    ("Darwin", "x86_64"): ("macosx_10_12_x86_64", "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5"),
    ("Darwin", "arm64"): ("macosx_11_0_arm64", "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63"),
}
"""(system, machine) -> the wheel's platform and its SHA-256."""

_SECONDS: Final = 120.0
_HINT: Final = "install uv yourself (https://docs.astral.sh/uv) and run make again"


class NoUv(RuntimeError):  # noqa: N818 - shown to the user as it is
    """uv could not be had; says why and what to do."""


def fetch(index: str, system: str, machine: str) -> bytes:
    """Return the program for a machine. Raises NoUv."""
    if (system, machine) not in WHEELS:
        raise NoUv(f"no uv is known here for {system} on {machine}: {_HINT}")
    tag, wanted = WHEELS[system, machine]
    name = f"uv-{VERSION}-py3-none-{tag}.whl"
    page = f"{index.rstrip('/')}/uv/"
    try:
        link = re.search(rf"""href=["']([^"']*{re.escape(name)}[^"']*)["']""", _read(page).decode("utf-8", "replace"))
        if link is None:
            raise NoUv(f"{index} has no {name}: {_HINT}")
        wheel = _read(urljoin(page, html.unescape(link[1])))
    except (urllib.error.URLError, OSError) as away:
        raise NoUv(
            f"cannot fetch uv from {index} ({getattr(away, 'reason', away)}): check the network and the package "
            f"ca-certificates, name an index that can be reached in PIP_INDEX_URL, or {_HINT}"
        ) from away
    if hashlib.sha256(wheel).hexdigest() != wanted:
        raise NoUv(f"{name} from {index} is not what it must be: {_HINT}")
    with zipfile.ZipFile(io.BytesIO(wheel)) as packed:
        return packed.read(f"uv-{VERSION}.data/scripts/uv")


def _read(url: str) -> bytes:
    if not url.startswith(("https://", "http://")):
        raise NoUv(f"{url} is no address of an index: {_HINT}")
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - its scheme was looked at
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as refused:
        refused.close()
        raise


def main(target: Path) -> int:
    """Write the program to `target`, whole or not at all; return 1 with the reason on stderr where it cannot be had."""
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    try:
        program = fetch(index, platform.system(), platform.machine())
    except NoUv as why:
        print(why, file=sys.stderr)  # noqa: T201 - a script speaks
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_bytes(program)
    fresh.chmod(0o755)
    fresh.replace(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
