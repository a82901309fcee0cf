"""What holds for each way to prove a delivery: those of all tools, those that a mapping may name, and their parts."""

from __future__ import annotations

import ast
import base64
import datetime as dt
import hashlib
import hmac
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from standardwebhooks import Webhook

from ingest import signatures
from ingest.adapter import Delivery
from ingest.adapters import ADAPTERS
from ingest.mapping.proofs import NAMED
from ingest.signatures import STALE, Outgoing, Scheme, bearer_token, slack, standard_webhooks
from schemas.mapping import Proof

NOW: Final = 1_772_800_000_000_000
URL: Final = "https://vsm.example.com/webhooks/tool/acme"
BODY: Final = b'{"webhookTimestamp":1772800000000,"a":1}'
SECRET: Final = b"a-secret-of-the-tests"
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW: Final = KEY.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
PUBLIC: Final = b"whpk_" + base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
PRIVATE: Final = b"whsk_" + base64.b64encode(RAW)
SHARED: Final = b"whsec_" + base64.b64encode(b"k" * 24)


class Case(Struct, frozen=True):
    """A scheme, and the secrets of its sender and of its receiver."""

    scheme: Scheme
    sends: bytes = SECRET
    receives: bytes = SECRET

    def headers(self, body: bytes = BODY, sent_at: int = NOW, secret: bytes | None = None) -> dict[str, str]:
        """What a sender adds."""
        sent = Outgoing(body=body, url=URL, message_id="msg_1", sent_at=sent_at)
        return dict(self.scheme.sign(self.sends if secret is None else secret, sent))


PARTS: Final = {
    f"{adapter.tool} {number}": part
    for adapter in ADAPTERS
    for number, part in enumerate(adapter.verify.either or (adapter.verify,))
}
CASES: Final = {
    **{name: Case(part) for name, part in PARTS.items()},
    **{adapter.tool: Case(adapter.verify) for adapter in ADAPTERS},
    **{f"mapped {name}": Case(make(Proof(scheme=name, header="x-proof"))) for name, make in NAMED.items()},
    "slack": Case(slack()),
    "shared key": Case(standard_webhooks(), SHARED, SHARED),
    "public key": Case(standard_webhooks(), PRIVATE, PUBLIC),
}
SIGNED: Final = {name: one for name, one in CASES.items() if one.headers(b"{}") != one.headers()}
"""Those that sign the body; the others show the secret itself."""
TIMED: Final = {
    name: one
    for name, one in SIGNED.items()
    if one.headers() != one.headers(sent_at=NOW + 10**9) or one.scheme.renewed(BODY, NOW + 10**9) != BODY
}
HEADERS: Final = sorted({header for one in CASES.values() for header in one.headers()})

every_case = pytest.mark.parametrize("one", CASES.values(), ids=CASES)
every_signed = pytest.mark.parametrize("one", SIGNED.values(), ids=SIGNED)
every_timed = pytest.mark.parametrize("one", TIMED.values(), ids=TIMED)


def judged(one: Case, headers: Mapping[str, str], *secrets: bytes, body: bytes = BODY, at: int = NOW) -> str | None:
    """What the receiver says of a delivery with these headers."""
    delivery = Delivery(tool="t", source="s", headers=headers, body=body, url=URL, received_at=at)
    return one.scheme(delivery, secrets or (one.receives,))


@every_case
def test_what_is_signed_is_proven(one: Case) -> None:
    """The sender's half and the receiver's agree."""
    assert judged(one, one.headers()) is None


@every_case
def test_any_live_secret_proves_while_they_rotate_and_none_after(one: Case) -> None:
    """Before, between and behind other live secrets the right one proves; without it, nothing does."""
    found = [judged(one, one.headers(), *live) for live in ((b"a", one.receives, b"b"), (b"a", b"b"))]
    assert (found[0], found[1] in {None, ""}) == (None, False)


@every_case
def test_the_headers_that_a_scheme_names_holds_its_proof(one: Case) -> None:
    """Without that one header nothing is proven."""
    header = (one.scheme.either or (one.scheme,))[0].header
    rest = {name: value for name, value in one.headers().items() if name != header}
    assert (header in one.headers(), judged(one, rest) is None) == (True, False)


@every_case
@pytest.mark.parametrize("secrets", [(b"",), (b"", b""), (PUBLIC,)], ids=["empty", "empties", "public key"])
def test_what_everybody_knows_proves_nothing(one: Case, secrets: tuple[bytes, ...]) -> None:
    """Neither an empty secret nor the text of a public key lets anybody in who signs or shows it."""
    shown = {
        header: prefix + value
        for header in HEADERS
        for value in (secrets[0].decode(), hmac.digest(secrets[0] or b"\0", BODY, "sha256").hex())
        for prefix in ("Bearer ", "sha256=", "v1=", "")
    }
    tries = [{header: value} for header in shown for value in shown.values()]
    basic = {"authorization": "Basic " + base64.b64encode(b"x:" + secrets[0]).decode()}
    assert all(judged(one, headers, *secrets) for headers in [*tries, basic])


@every_signed
def test_a_changed_body_is_refused(one: Case) -> None:
    """One byte more breaks the signature."""
    assert judged(one, one.headers(), body=BODY + b" ") == signatures.WRONG


@every_timed
@pytest.mark.parametrize("off", [-301, -300, 0, 300, 301])
def test_a_time_is_held_to_five_minutes_both_ways(one: Case, off: int) -> None:
    """What was signed too long ago, or says that it will be, is stale; the rest is proven."""
    at = NOW + off * 1_000_000
    body = one.scheme.renewed(BODY, at)
    assert judged(one, one.headers(body, at), body=body) == (STALE if abs(off) > 300 else None)


def test_those_with_a_time_are_known() -> None:
    """No scheme loses its window unnoticed."""
    assert {name.partition(" ")[0] for name in TIMED} == {
        "buildkite", "cdevents", "gitlab", "grafana", "linear", "mapped", "public", "shared", "slack",
    }  # fmt: skip


@every_case
@pytest.mark.parametrize(
    "other", ["", " ", ",", "=", "\x00", "\udcff", "é" * 64, "\uff11" * 64, "a" * 100_000, ", " * 999]
)
def test_another_value_is_refused(one: Case, other: str) -> None:
    """Empty, short, long and non-ASCII values in any one header of the proof are a reason, never a pass."""
    right = one.headers()
    found = [judged(one, {**right, name: other}) for name in right if name != "webhook-id"]
    assert None not in found


@every_case
@pytest.mark.parametrize("cut", [1, 2, 9])
def test_a_part_of_a_proof_is_refused(one: Case, cut: int) -> None:
    """Truncated at either end nothing is proven."""
    right, header = one.headers(), (one.scheme.either or (one.scheme,))[0].header
    value = right[header]
    assert None not in [judged(one, {**right, header: part}) for part in (value[:-cut], value[cut:])]


@every_signed
@pytest.mark.parametrize("algorithm", ["sha1", "md5", "sha512"])
def test_another_algorithm_is_refused(one: Case, algorithm: str) -> None:
    """A digest of the same body by another algorithm is none, whatever its prefix says."""
    right, header = one.headers(), one.scheme.header
    digest = hmac.new(one.receives, BODY + (URL.encode() if "trello" in header else b""), algorithm)
    if digest.name == "hmac-sha1" and "sha1" in one.scheme.says.lower():
        digest = hmac.new(one.receives, BODY, hashlib.sha256)
    told = [digest.hexdigest(), base64.b64encode(digest.digest()).decode()]
    tries = [f"{prefix}{text}" for text in told for prefix in ("", "sha256=", f"{algorithm}=", "v1=", "v0=", "v1,")]
    assert None not in [judged(one, {**right, header: text}) for text in tries]


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)),
    headers=st.dictionaries(
        st.sampled_from(HEADERS),
        st.text(max_size=60)
        | st.from_regex(r"(sha256=|v1=|v1,|v1a,|v0=|Bearer |Basic |timestamp=)[0-9a-zA-Z+/=, .]{0,90}"),
    ),
    secret=st.binary(max_size=90) | st.sampled_from([b"whpk_", b"whsec_", b"whsk_", PUBLIC, SHARED]),
)
def test_any_headers_and_secret_are_a_reason(name: str, headers: dict[str, str], secret: bytes) -> None:
    """Whatever stands in the headers and whatever is configured, nothing is raised and nobody gets in by chance."""
    one = CASES[name]
    shown = any(secret and secret in value.encode("utf-8", "surrogatepass") for value in headers.values())
    assert isinstance(judged(one, headers, secret, b"another"), str) or shown


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=70), st.binary(max_size=300))
def test_any_public_key_and_signature_are_a_reason(key: bytes, signature: bytes) -> None:
    """Neither a key that is none nor a signature that is none raises."""
    headers = CASES["public key"].headers() | {"webhook-signature": "v1a," + base64.b64encode(signature).decode()}
    assert judged(CASES["public key"], headers, b"whpk_" + base64.b64encode(key)) in {
        signatures.NO_SECRET, signatures.MALFORMED, signatures.WRONG,
    }  # fmt: skip


@pytest.mark.parametrize("padded", [True, False], ids=["padded", "unpadded"])
def test_v1_is_what_the_authors_of_standard_webhooks_sign(padded: bool) -> None:  # noqa: FBT001 - a case
    """The reference library's signatures are proven, its secret with or without the padding of base64."""
    secret = ("whsec_" + base64.b64encode(b"k" * 25).decode()).rstrip("" if padded else "=")
    moment = dt.datetime.fromtimestamp(NOW / 1e6, tz=dt.UTC)
    proof = Webhook(secret).sign("msg_1", moment, BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW // 10**6), "webhook-signature": f"v1,0 {proof}"}
    assert judged(CASES["shared key"], headers, secret.encode()) is None


def test_v1a_is_what_an_ed25519_key_signs() -> None:
    """A signature made by hand over `id.timestamp.body` is proven by the public key, beside others in the header."""
    message = b"msg_9.%d." % (NOW // 10**6) + BODY
    proof = base64.b64encode(KEY.sign(message)).decode()
    other = base64.b64encode(bytes(64)).decode()
    headers = {
        "webhook-id": "msg_9", "webhook-timestamp": str(NOW // 10**6),
        "webhook-signature": f"v1,{other} v1a,{other} v1a,{proof}",
    }  # fmt: skip
    assert judged(CASES["public key"], headers, b"another", PUBLIC) is None


@pytest.mark.parametrize("name", ["pagerduty", "circleci", "buildkite", "shared key", "public key"])
def test_many_signatures_cost_about_what_one_does(name: str) -> None:
    """However many signatures a header holds, the body is walked a few times at most for each secret."""
    one, body = CASES[name], b"x" * 25_000_000
    right = one.headers(body)
    header = one.scheme.header
    apart = " " if "webhook" in header else ","
    wrong = one.headers(b"another")[header]
    many = apart.join([wrong] * 3_000)
    spent = []
    for value in (wrong, many):
        began = time.process_time()
        assert judged(one, {**right, header: value}, one.receives, body=body) == signatures.WRONG
        spent.append(time.process_time() - began)
    assert spent[1] < 6 * spent[0] + 0.05


def test_secrets_are_compared_in_constant_time() -> None:
    """No scheme compares a secret, digest, token or password by `==` or `in`: those stop at the first difference."""
    kept = {"secret", "key", "digest", "expected", "token", "password", "credentials", "given", "told"}
    folder = Path(signatures.__file__).parent
    found = [
        f"{path.name}:{node.lineno}"
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In)
        if not isinstance(node.left, ast.Constant)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Name) and side.id in kept
    ]
    assert found == []


def test_a_token_that_no_header_can_hold_proves_nothing() -> None:
    """A secret outside ASCII, which the server lets no header say, is refused and raises nothing."""
    one = Case(bearer_token())
    assert judged(one, {"authorization": "Bearer пароль"}, "пароль".encode()) == signatures.TOKEN_MALFORMED
