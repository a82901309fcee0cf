"""`vsm backup` and `vsm restore`: everything that cannot be made again, private, whole or not at all."""

from __future__ import annotations

import gzip
import io
import shutil
import signal
import stat
import tarfile
from pathlib import Path

import httpx
import pytest

from schemas.log_local import LocalLog
from tests.builders.command import addresses, running, vsm
from tests.builders.ingester import push_body, signed
from vsm.data_dir import DataDir
from vsm.one_machine.defaults import write_default_config
from vsm.one_machine.ports import free_ports

pytestmark = pytest.mark.timeout(180)
ELSEWHERE = """\
version: 1
sources:
  - {tool: github, name: acme, secret: {file: keys/github}}
  - {tool: jira, name: acme, secret: {env: JIRA_SECRET}}
  - {tool: pagerduty, name: acme, secret: {file: /nowhere/pagerduty}}
value_streams: [{name: all, select: ["*"]}]
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory as `vsm up` leaves it, without its tables."""
    folder = DataDir(tmp_path / "data")
    folder.make()
    write_default_config(folder)
    LocalLog(folder.log).close()
    return folder.root


@pytest.fixture
def archive(tmp_path: Path, data: Path) -> Path:
    """A backup of it."""
    done = vsm("backup", tmp_path / "vsm.tar.gz", "--data", data)
    assert done.returncode == 0, done.stderr
    return tmp_path / "vsm.tar.gz"


def run_for_a_while(data: Path, *more: str | Path) -> None:
    """Run the stack on a directory until it is up, and end it."""
    with running(data.parent / "up.log", "up", "--data", data, "--port", str(free_ports(1)[0]), *more) as up:
        up.until("running")
        up.signal(signal.SIGINT)
        up.status()


def posted(data: Path, source: str, secret: str) -> int:
    """Run the stack on a directory without telling it a file, and return how it answers a signed webhook."""
    body = push_body()
    with running(data.parent / "up.log", "up", "--data", data, "--port", str(free_ports(1)[0])) as up:
        up.until("running")
        to = f"{addresses(data)['ingest']}/webhooks/github/{source}"
        return httpx.post(to, content=body, headers=signed(body, secret=secret), timeout=20).status_code


def test_webhooks_are_accepted_where_it_was_restored(tmp_path: Path) -> None:
    """Under another name, with the old directory gone: the default file finds its secrets beside itself."""
    run_for_a_while(tmp_path / "old")
    secret = (tmp_path / "old" / "secrets" / "github").read_text().strip()
    backed_up = vsm("backup", tmp_path / "vsm.tar.gz", "--data", tmp_path / "old")
    shutil.rmtree(tmp_path / "old")
    restored = vsm("restore", tmp_path / "vsm.tar.gz", "--data", tmp_path / "new")
    assert (backed_up.returncode, restored.returncode, posted(tmp_path / "new", "default", secret)) == (0, 0, 202)


def test_the_file_in_use_is_in_it(tmp_path: Path) -> None:
    """The one that was given with --config, and the secrets beside it; where other secrets come from is said."""
    (tmp_path / "etc" / "keys").mkdir(parents=True)
    (tmp_path / "etc" / "keys" / "github").write_text("planted-secret\n")
    (tmp_path / "etc" / "streams.yaml").write_text(ELSEWHERE)
    run_for_a_while(tmp_path / "old", "--config", tmp_path / "etc" / "streams.yaml")
    backed_up = vsm("backup", tmp_path / "vsm.tar.gz", "--data", tmp_path / "old")
    shutil.rmtree(tmp_path / "old")
    shutil.rmtree(tmp_path / "etc")
    vsm("restore", tmp_path / "vsm.tar.gz", "--data", tmp_path / "new")
    answer = posted(tmp_path / "new", "acme", "planted-secret")
    assert (answer, backed_up.stdout.splitlines()[1:]) == (
        202,
        [
            "not in it: the secret of jira/acme, which comes from the variable JIRA_SECRET",
            "not in it: the secret of pagerduty/acme, which comes from /nowhere/pagerduty",
        ],
    )


def test_nobody_else_reads_it(tmp_path: Path, archive: Path) -> None:
    """The archive is its owner's alone, and so is what was, where it is restored."""
    vsm("restore", archive, "--data", tmp_path / "new")
    private = ("secrets", "secrets/github", "identity.key", "import.token")
    modes = [stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) for name in private]
    assert (stat.S_IMODE(archive.stat().st_mode), modes) == (0o600, [0o700, 0o600, 0o600, 0o600])


def test_what_is_restored_is_what_was_backed_up(tmp_path: Path, data: Path, archive: Path) -> None:
    """Every key, secret and definition, byte by byte."""
    vsm("restore", archive, "--data", tmp_path / "new")
    kept = [path.relative_to(data) for path in sorted(data.rglob("*")) if path.is_file() and path.parent.name != "log"]
    same = [name for name in kept if (tmp_path / "new" / name).read_bytes() == (data / name).read_bytes()]
    assert (len(kept) > 6, same) == (True, kept)


@pytest.mark.parametrize("part", [0.0, 0.05, 0.5, 0.9, 0.999])
def test_a_cut_archive_restores_nothing(tmp_path: Path, archive: Path, part: float) -> None:
    """Wherever it is cut: one line, status 1, and not a file where it should have gone."""
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * part)])
    before = sorted(tmp_path.iterdir())
    done = vsm("restore", archive, "--data", tmp_path / "new")
    told = done.stderr.startswith(f"{archive}: it is") and done.stderr.endswith("nothing was restored\n")
    assert (done.returncode, told, sorted(tmp_path.iterdir()) == before) == (1, True, True), done.stderr


def strange(name: str, kind: bytes) -> bytes:
    """Return an archive with one member that no backup has."""
    out = io.BytesIO()
    with gzip.open(out, "wb") as packed, tarfile.open(fileobj=packed, mode="w:") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member, io.BytesIO())
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [strange("../out", tarfile.REGTYPE), strange("/srv/out", tarfile.REGTYPE), strange("log", tarfile.SYMTYPE),
     strange("notes.txt", tarfile.REGTYPE), b"no archive at all"],
    ids=["above", "absolute", "link", "no log", "text"],
)  # fmt: skip
def test_what_is_no_backup_restores_nothing(tmp_path: Path, content: bytes) -> None:
    """Members that lead elsewhere, and files of another kind, are refused in one line."""
    (tmp_path / "odd.tar.gz").write_bytes(content)
    done = vsm("restore", tmp_path / "odd.tar.gz", "--data", tmp_path / "new")
    left = [path.name for path in tmp_path.iterdir()]
    assert (done.returncode, len(done.stderr.splitlines()), left) == (1, 1, ["odd.tar.gz"]), done.stderr


def test_a_directory_with_something_in_it_is_left_alone(data: Path, archive: Path) -> None:
    """It is refused, and stays as it is."""
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    done = vsm("restore", archive, "--data", data)
    after = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert (done.returncode, "is not empty" in done.stderr, after == before) == (1, True, True)


@pytest.mark.parametrize("target", ["nowhere/vsm.tar.gz", "data"], ids=["no folder", "a folder"])
def test_a_target_that_cannot_be_written_is_told(tmp_path: Path, data: Path, target: str) -> None:
    """In one line, with nothing left beside it."""
    before = sorted(tmp_path.rglob("*"))
    done = vsm("backup", tmp_path / target, "--data", data)
    told = str(tmp_path / target) in done.stderr and "the backup was not written" in done.stderr
    assert (done.returncode, told, len(done.stderr.splitlines())) == (1, True, 1), done.stderr
    assert sorted(tmp_path.rglob("*")) == before
