"""Coverage-guided fuzzing of everything in `TARGETS`, for so many seconds in all: `make fuzz`.

`python -m tests.fuzz [--seconds N] [TARGET ...]`. Each target runs in a process of its own, with what it learnt before
(`.cache/fuzz/corpus/<target>`) and its seeds. What breaks it is written to `.cache/fuzz/found`; mend it and keep the
file as `tests/fuzz/findings/<target>/<name>`, so that every test run tries it again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from random import Random
from typing import Final

import atheris

with redirect_stderr(StringIO()), atheris.instrument_imports(include=["ingest", "schemas"]):
    from tests.fuzz.targets import TARGETS, seeds_of

from tests.fuzz.mutations import mutated

CACHE: Final = Path(__file__).parents[2] / ".cache" / "fuzz"
FOUND: Final = CACHE / "found"
LONGEST_BYTES: Final = 65_536
SLOWEST_SECONDS: Final = 10
MOST_MEMORY_MB: Final = 1_000


def main() -> int:
    """Fuzz the targets one after another; return 1 if any broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="how long in all")
    asked = parser.parse_args()
    unknown = set(asked.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    names = asked.targets or list(TARGETS)
    each = max(1, round(asked.seconds / len(names)))
    broken = [name for number, name in enumerate(names, start=1) if not _holds(name, each, f"{number}/{len(names)}")]
    if broken:
        print(f"BROKEN: {', '.join(broken)}; the inputs are in {FOUND}", file=sys.stderr)
    return 1 if broken else 0


def _holds(name: str, seconds: int, place: str) -> bool:
    """Fuzz one target in a process of its own; tell whether nothing was found."""
    began = time.monotonic()
    FOUND.mkdir(parents=True, exist_ok=True)
    output = FOUND / f"{name}.log"
    child = os.fork()
    if child == 0:
        _fuzz(name, seconds, output)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = output.read_text(errors="replace")
    told = next((line for line in reversed(said.splitlines()) if line.startswith("Done ")), "")
    print(f"{place:>6} {name:<18} {told or 'FOUND SOMETHING'} ({time.monotonic() - began:.1f} s)", flush=True)
    if status != 0:
        print(said[-6_000:], file=sys.stderr)
    return status == 0


def _fuzz(name: str, seconds: int, output: Path) -> None:
    """Fuzz in this process, which ends with it."""
    corpus = CACHE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds_of(name):
        if len(seed) <= LONGEST_BYTES:
            (corpus / hashlib.sha256(seed).hexdigest()[:24]).write_bytes(seed)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    options = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST_BYTES}", f"-timeout={SLOWEST_SECONDS}",
        f"-rss_limit_mb={MOST_MEMORY_MB}", f"-artifact_prefix={FOUND / name}-", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup([name, *options, str(corpus)], TARGETS[name].run, custom_mutator=_mutate)
    atheris.Fuzz()


def _mutate(data: bytes, most_bytes: int, seed: int) -> bytes:
    """Change an input by what it means, or as the fuzzer does by itself."""
    chance = Random(seed)
    if chance.random() < 0.4:
        return bytes(atheris.Mutate(data, most_bytes))
    return mutated(data, chance)[:most_bytes]


if __name__ == "__main__":
    sys.exit(main())
