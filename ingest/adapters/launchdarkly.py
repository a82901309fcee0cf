"""LaunchDarkly webhooks: who may have a feature, by its flag, in each environment.

That is a release and no deployment: the code was brought before, and nothing is brought by turning a flag. An entry of
the audit log tells the flag as it is and as it was; what leaves everybody with what they had says nothing. Exposed is
whatever is served that is not the flag's off variation, by the default rule, by another rule or to a single target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from ingest.adapter import Adapter, Context, Headers, Ignored, Untranslatable
from ingest.facts import MOST_CHARACTERS, check_size, fact
from ingest.signatures import hmac_sha256
from ingest.vocabulary.actors import UNKNOWN, Actor
from ingest.vocabulary.by_action import Translated
from ingest.vocabulary.delivery_ids import delivery_id
from ingest.vocabulary.kept_text import kept_of_environment
from ingest.vocabulary.keys import key_links, keys_in_branch, keys_in_text, unique_links
from ingest.vocabulary.times import moment
from schemas.event import ActorClass, FlowEvent, Link, LinkKind, LinkMethod
from schemas.identity import commit_uri, feature_uri

_FLAG: Final = re.compile(r"proj/([^:;]+)(?:;[^:]*)?:env/([^:;]+)(?:;[^:]*)?:flag/([^:;]+)(?:;.*)?")
_COMMIT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])")
_COMMENT_CHARACTERS: Final = 4_096
_EVERYWHERE: Final = "*"

Place = tuple[str, str, str]
"""A project, an environment of it (`*` for all) and a flag, each by its key."""

_ARCHIVED: Final = "updateGlobalArchived"
_ENDING: Final = frozenset({"deleteFlag", _ARCHIVED})
_TURNED: Final = "updateOn"
_SERVING: Final = frozenset(
    {_TURNED, "stopMeasuredRolloutOnFlagFallthrough", "updateFallthrough", "updateFallthroughWithMeasuredRollout"}
)
"""What changes what the default rule serves: it may leave nobody with the feature."""

_CHANGING: Final = _SERVING | {
    "copyFlagConfigTo", "stopMeasuredRolloutOnFlagRule", "updateContextTargets", "updateOffVariation", "updateRules",
    "updateRulesWithMeasuredRollout", "updateTargets",
}  # fmt: skip
_MAKING: Final = frozenset({"cloneFlag", "createFlag"})
_NOTHING: Final = Ignored("nobody has the feature who had it not, nor the other way")


class Access(Struct, frozen=True):
    """What was done to which resource: `proj/KEY:env/KEY:flag/KEY`, each perhaps with tags behind a semicolon."""

    action: str = ""
    resource: str = ""


class Split(Struct, frozen=True):
    """A share of a rollout, in thousandths of a percent."""

    variation: int
    weight: float = 0


class Rollout(Struct, frozen=True):
    """A percentage rollout."""

    variations: tuple[Split, ...] = ()


class Serve(Struct, frozen=True):
    """What a rule serves: one variation, or shares of several; of a target, who it is for is not read."""

    variation: int | None = None
    rollout: Rollout | None = None


class Config(Struct, frozen=True):
    """A flag in one environment."""

    on: bool = False
    default: Serve | None = msgspec.field(name="fallthrough", default=None)
    off: int | None = msgspec.field(name="offVariation", default=None)
    rules: tuple[Serve, ...] | None = None
    targets: tuple[Serve, ...] | None = None
    contexts: tuple[Serve, ...] | None = msgspec.field(name="contextTargets", default=None)


class Version(Struct, frozen=True):
    """A flag as it was or is."""

    archived: bool = False
    environments: dict[str, Config] | None = None


class Account(Struct, frozen=True):
    """A member, token or app."""

    id: str = msgspec.field(name="_id", default="")


class Entry(Struct, frozen=True):
    """An entry of the audit log; of its comment keys and commits are read, and of `verb` on and off."""

    date: int | float | str | None = None
    accesses: tuple[Access, ...] = ()
    comment: str | None = None
    verb: str | None = msgspec.field(name="titleVerb", default=None)
    member: Account | None = None
    token: Account | None = None
    app: Account | None = None
    current: Version | None = msgspec.field(name="currentVersion", default=None)
    previous: Version | None = msgspec.field(name="previousVersion", default=None)


class Exposure(Struct, frozen=True):
    """Who has a feature: `ratio` of those whom no other rule serves (None: not told), and whether others have it."""

    ratio: float | None
    others: bool

    @property
    def is_there(self) -> bool:
        """Whether anybody has it."""
        return self.ratio is None or self.ratio > 0 or self.others


_NOBODY: Final = Exposure(0.0, others=False)
_SOMEBODY: Final = Exposure(None, others=False)
_decode: Final = msgspec.json.Decoder(Entry).decode


def flag_changed(body: bytes, context: Context) -> Translated:
    """`feature.exposed` or `feature.withdrawn` in each environment where that changed, at `date`."""
    entry = _decode(body)
    changed = _changed(entry.accesses)
    if not changed:
        raise Untranslatable("accesses name no flag")
    check_size(changed, "accesses")
    found = [
        _fact(entry, place, actions, exposure, context)
        for named, actions in changed.items()
        for place in _places(entry, named, actions)
        if (exposure := _exposure(entry, place[1], actions)) is not None
    ]
    return found or _NOTHING


def _changed(accesses: Iterable[Access]) -> Mapping[Place, set[str]]:
    """Return the actions by (project, environment, flag)."""
    found: dict[Place, set[str]] = {}
    for access in accesses:
        if named := _FLAG.fullmatch(access.resource[:MOST_CHARACTERS]):
            found.setdefault((named[1], named[2], named[3]), set()).add(access.action)
    return found


def _places(entry: Entry, named: Place, actions: set[str]) -> Iterable[Place]:
    """Return the place itself; of a flag that is restored, each environment where it serves somebody again."""
    project, environment, flag = named
    current = entry.current
    if environment != _EVERYWHERE or _ARCHIVED not in actions or current is None or current.archived:
        return (named,)
    environments = current.environments or {}
    check_size(environments, "currentVersion.environments")
    return [(project, word, flag) for word in environments if _serves(current, word)]


def _serves(version: Version, environment: str) -> bool:
    exposure = _told(version, environment)
    return exposure is not None and exposure.is_there


def _exposure(entry: Entry, environment: str, actions: set[str]) -> Exposure | None:
    """Return who has the feature now; None where nothing changed in that, or it is not told."""
    if environment == _EVERYWHERE:
        ended = "deleteFlag" in actions or (entry.current is not None and entry.current.archived)
        return _NOBODY if ended and actions & _ENDING else None
    now, before = _told(entry.current, environment), _told(entry.previous, environment)
    if now is None:
        return _of_verb(entry.verb or "") if _TURNED in actions else None
    if before is not None:
        return now if now != before and (now.is_there or before.is_there) else None
    expected = _CHANGING | _MAKING | {_ARCHIVED} if now.is_there else _SERVING
    return now if actions & expected else None


def _of_verb(verb: str) -> Exposure | None:
    return _SOMEBODY if verb.startswith("turned on") else _NOBODY if verb.startswith("turned off") else None


def _told(version: Version | None, environment: str) -> Exposure | None:
    """Return who has a feature by one version of its flag; None where that is not told."""
    config = (version.environments or {}).get(environment) if version is not None else None
    if version is None or config is None:
        return None
    if version.archived or not config.on:
        return _NOBODY
    if config.default is None or config.off is None:
        return _SOMEBODY
    others = (*(config.rules or ()), *(config.targets or ()), *(config.contexts or ()))
    return Exposure(_ratio(config.default, config.off), others=any(_ratio(serve, config.off) for serve in others))


def _ratio(serve: Serve, off: int) -> float:
    """Return the share that is served something else than the off variation."""
    if serve.rollout is None:
        return float(serve.variation not in {off, None})
    total = sum(split.weight for split in serve.rollout.variations)
    exposed = sum(split.weight for split in serve.rollout.variations if split.variation != off)
    return exposed / total if total > 0 else 0.0


def _fact(entry: Entry, place: Place, actions: set[str], exposure: Exposure, context: Context) -> FlowEvent:
    project, word, flag = place
    environment, kept = ("", "") if word == _EVERYWHERE else _place(word, context)
    return fact(
        context,
        "feature.exposed" if exposure.is_there else "feature.withdrawn",
        feature_uri(context.tool, project, flag),
        moment(entry.date, "date"),
        told_apart=(word,),
        links=_links(entry.comment or "", flag),
        state="exposed" if exposure.is_there else "withdrawn",
        environment=environment,
        by=_actor(entry, context),
        quantities=_share(exposure),
        attributes={
            "project": f"{context.tool}/{project}",
            "environment_raw": kept,
            "action": " ".join(sorted(actions)),
        },
    )


def _share(exposure: Exposure) -> Mapping[str, float]:
    """Return the share by the default rule; {} where it is not told, or where other rules alone serve somebody."""
    if exposure.ratio is None or (exposure.others and exposure.ratio == 0):
        return {}
    return {"exposure_ratio": exposure.ratio}


def _place(word: str, context: Context) -> tuple[str, str]:
    return kept_of_environment(word, context.environment, context.pseudonym)


def _links(comment: str, flag: str) -> tuple[Link, ...]:
    """Return the tickets and commits that a comment names, and the tickets that the flag is called after."""
    text = comment[:_COMMENT_CHARACTERS]
    return unique_links(
        [
            *key_links(keys_in_text(text), LinkMethod.KEY_IN_MESSAGE),
            *key_links(keys_in_branch(flag), LinkMethod.KEY_IN_TITLE),
            *(
                Link(uri=commit_uri(sha), kind=LinkKind.RELATES_TO, method=LinkMethod.KEY_IN_MESSAGE)
                for sha in _COMMIT.findall(text)
            ),
        ]
    )


def _actor(entry: Entry, context: Context) -> Actor:
    """Return who did it: an app's and a token's doing is a bot's, a member's a human's."""
    automated = entry.app or entry.token
    account = automated or entry.member
    if account is None or not account.id:
        return UNKNOWN
    kind = ActorClass.BOT if automated is not None else ActorClass.HUMAN
    return Actor(kind, context.pseudonym(account.id[:MOST_CHARACTERS]))


class _Envelope(Struct, frozen=True):
    kind: str = ""
    id: str = msgspec.field(name="_id", default="")


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def _event_type(_headers: Headers, body: bytes) -> str:
    return _envelope(body).kind


def _delivery_id(_headers: Headers, body: bytes) -> str:
    return delivery_id(_envelope(body).id, body)


ADAPTER: Final = Adapter(
    tool="launchdarkly",
    verify=hmac_sha256(header="x-ld-signature"),
    event_type=_event_type,
    delivery_id=_delivery_id,
    translate={"flag": flag_changed},
    ignores=frozenset(
        {
            "account", "ai-config", "announcement", "application", "code-reference-repository", "context-kind",
            "destination", "domain-verification", "environment", "experiment", "holdout", "integration", "layer",
            "member", "metric", "metric-group", "pending-request", "project", "relay-proxy-config",
            "release-pipeline", "release-policy", "report", "role", "segment", "service-token", "team", "template",
            "token", "user", "view", "webhook",
        }
    ),
)  # fmt: skip
"""The adapter for LaunchDarkly."""
