"""The token of imports as commands find it: one line, wherever it is kept, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsm.data_dir import DataDir
from vsm.importing import ImportRefused, token


def test_a_line_end_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that are mounted or exported often end with one."""
    monkeypatch.setenv("VSM_IMPORT_TOKEN", "planted-token\n")
    assert token(DataDir(tmp_path)) == "planted-token"


@pytest.mark.parametrize("kept", [b"planted\ntoken", "planted-t\u00f6ken".encode(), b"planted-\xff"])
def test_a_token_that_no_header_holds_is_refused_unseen(kept: bytes, tmp_path: Path) -> None:
    """The message says what it should be, not what it is."""
    folder = DataDir(tmp_path)
    folder.import_token.write_bytes(kept)
    with pytest.raises(ImportRefused, match="no header can hold it") as told:
        token(folder)
    assert "planted" not in str(told.value)
