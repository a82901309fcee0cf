"""Which statements only read the tables: what the HTTP front and `vsm query` run; pure.

The engine's own read-only mode stops writes, settings and most table functions. What it leaves open is refused here:
functions that read files or call other hosts, INTO OUTFILE, KILL. Refusing too much is the safe side: a name counts
wherever it could be a call, strings and comments included.
"""

from __future__ import annotations

import re
from typing import Final

READS: Final = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"})
"""What a statement may begin with."""

OUTSIDE: Final = (
    "addressToLine", "addressToLineWithInlines", "addressToSymbol", "ai[A-Za-z]*", "arrowstream", "azureBlobStorage",
    "azureBlobStorageCluster", "bigquery", "catboostEvaluate", "cluster", "clusterAllReplicas", "cosn",
    "deltaLake[A-Za-z0-9]*", "dictionary", "eval", "evalMLMethod", "executable", "file", "fileCluster", "filesystem",
    "gcs", "getClientHTTPHeader", "getMacro", "getServerSetting", "hdfs", "hdfsCluster", "hudi", "hudiCluster",
    "iceberg[A-Za-z0-9]*", "input", "jdbc", "loop", "mergeTree[A-Za-z]*", "mongodb", "mysql", "odbc", "oss",
    "paimon[A-Za-z0-9]*", "postgresql", "prometheusQuery[A-Za-z]*", "python", "redis", "remote", "remoteSecure",
    "reverseDNSQuery", "s3", "s3Cluster", "showCertificate", "sqlite", "timeSeries[A-Za-z]*", "url",
    "urlCluster", "viewIfPermitted", "ytsaurus",
)  # fmt: skip
"""Functions that reach outside the tables: files, hosts, the process; patterns of whole names."""

_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/|#[ !][^\n]*", re.DOTALL)
_FIRST: Final = re.compile(r"[\s(]*([A-Za-z]+)")
_CALL: Final = re.compile(
    rf"(?<![A-Za-z0-9_])(?:{'|'.join(OUTSIDE)})(?![A-Za-z0-9_])[`\"]?\s*(?:\(|--|/\*|\#|[^\x00-\x7f])",
    re.IGNORECASE | re.ASCII,
)
_QUOTED_CALL: Final = re.compile(r"[`\"]\s*(?:/\*.*?\*/\s*)*\(", re.DOTALL)
_OUTFILE: Final = re.compile(r"(?<![A-Za-z0-9_])(?:OUTFILE|INFILE)(?![A-Za-z0-9_])", re.IGNORECASE | re.ASCII)


def refusal(sql: str) -> str | None:
    """Return why a statement is not run, None if it is."""
    first = _FIRST.match(_COMMENT.sub(" ", sql))
    if first is None or first[1].upper() not in READS:
        return "only reading is allowed: a statement begins with " + ", ".join(sorted(READS))
    if _OUTFILE.search(sql):
        return "a query writes and reads no files"
    if call := _CALL.search(sql):
        return f"{call[0][:40].strip(' (')} reaches outside the tables"
    if _QUOTED_CALL.search(sql):
        return "a quoted name is not called; write the function's name without quotes"
    if ";" in sql.rstrip().rstrip(";"):
        return "one statement at a time, and no semicolon in it (char(59) makes one)"
    return None
