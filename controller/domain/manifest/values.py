"""The small values of the files: times, shares, names, references. Each knows its form, not where it is used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    Strict,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from controller.domain.manifest.wanted import Number, Text, wanted, without_repeats

# ---------------------------------------------------------------- times

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = "(?=[0-9])" + "".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in ("d", "h", "m(?!s)", "s", "ms"))
_LONGEST = timedelta(days=3653)  # the longest time that any key takes: CloudWatch's ten years


def parse_duration(value: object) -> timedelta:
    """
    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    if value in ("0", 0) and not isinstance(value, bool):
        return timedelta(0)
    match = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if match is None:
        raise wanted("a time such as 500ms, 30s, 1h30m or 30d")
    parts = zip(match.groups(), _UNITS.values(), strict=True)
    total = sum((int(amount) * unit for amount, unit in parts if amount), timedelta(0))
    if total > _LONGEST:
        raise wanted(f"a time of at most {format_duration(_LONGEST)}")
    return total


def format_duration(value: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as the same time.

    >>> format_duration(timedelta(minutes=90))
    '1h30m'
    """
    text, rest = "", value
    for unit, length in _UNITS.items():
        amount, rest = divmod(rest, length)
        text += f"{amount}{unit}" if amount else ""
    return text or "0s"


@dataclass(frozen=True)
class Within:
    """Bounds of a time; `whole` where the vendor's field counts in that unit (`"1s"`)."""

    least: str
    most: str
    whole: str = ""

    def check(self, value: object) -> timedelta:
        found = parse_duration(value)
        if not parse_duration(self.least) <= found <= parse_duration(self.most):
            raise wanted(f"a time from {self.least} to {self.most}")
        if self.whole and found % parse_duration(self.whole):
            raise wanted(f"a whole number of {self.whole.lstrip('1')}")
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        serialize = core_schema.plain_serializer_function_ser_schema(format_duration)
        return core_schema.no_info_plain_validator_function(self.check, serialization=serialize)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "string", "pattern": r"^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$|^0$"},
                {"const": 0},
            ]
        }


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a directory of zones, such as America/Argentina
        raise wanted("an IANA time zone such as Europe/Berlin or UTC") from None
    return name


Timezone = Annotated[
    str,
    # `posix/…` and `right/…` exist on some machines only; abbreviations such as EST hide daylight saving.
    Text("an IANA time zone such as Europe/Berlin or UTC", r"UTC|[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)+", 64),
    AfterValidator(_known_timezone),
]

# ---------------------------------------------------------------- shares


@dataclass(frozen=True, order=True)
class Percent:
    """A share of a hundred, exactly as written: `0.5%` is `Percent(Decimal("0.5"))`."""

    points: Decimal

    @property
    def fraction(self) -> Decimal:
        return self.points / 100

    def __str__(self) -> str:
        return f"{self.points.normalize():f}%"


def parse_percent(value: object) -> Percent:
    """
    >>> str(parse_percent("0.50%"))
    '0.5%'
    """
    if isinstance(value, Percent):
        return value
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%", value) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) > 100:
        raise wanted("a share from 0% to 100%, such as 70% or 0.5%")
    return Percent(Decimal(match[1]))


def _above_zero(value: Percent) -> Percent:
    if not value.points:
        raise wanted("a share above 0%")
    return value


Share = Annotated[
    Percent,
    PlainValidator(parse_percent),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)%$"}),
]
Target = Annotated[Share, AfterValidator(_above_zero)]

# ---------------------------------------------------------------- names

_NAME = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
EnvironmentName = Annotated[str, Text("a name of small letters, digits and hyphens, as in prod", _NAME, 24)]
ServiceName = Annotated[str, Text("a name of small letters, digits and hyphens, as in backend", _NAME, 32)]

# git check-ref-format, without the prefix that only git's own commands show.
_BRANCH = r"(?!refs/|-|/|\.|.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]+"
BranchName = Annotated[str, Text("a branch's short name, as in main or release/2", _BRANCH)]

_LOGIN = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}"
Reviewer = Annotated[
    str,
    Text(
        'a GitHub login, as in ada, or a team in quotes, as in "@acme/release"',
        rf"{_LOGIN}|@{_LOGIN}/(?!\.{{1,2}}$)[A-Za-z0-9._-]+",
        140,
    ),
]
RepositoryName = Annotated[
    str, Text("a GitHub repository, as in acme/captioncraft", rf"{_LOGIN}/(?!\.{{1,2}}$)[A-Za-z0-9._-]{{1,100}}", 140)
]

# ECR: at most 256 characters of path components, without registry or tag.
_COMPONENT = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
ImageRepository = Annotated[
    str,
    Text(
        "an ECR repository's name without registry and tag, as in captioncraft-backend",
        rf"(?=..){_COMPONENT}(?:/{_COMPONENT})*",
        256,
    ),
]

VariableName = Annotated[str, Text("a variable's name, as in LOG_LEVEL", r"[A-Za-z_][A-Za-z0-9_]*")]
VariableText = Annotated[str, Text("text", r"[^\x00]*", 4096)]

# ---------------------------------------------------------------- addresses

Origin = Annotated[
    str,
    Text(
        "an address without a path, as in https://captions.example.com",
        r"https?://[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9][0-9]{0,4})?",
    ),
]
RequestPath = Annotated[str, Text("a path with a leading slash, as in /ready", r"/[!-\x22$-~]*", 1024)]

# Characters and lengths: Elastic Load Balancing, "Condition types for listener rules".
PathPattern = Annotated[str, Text("a path pattern, as in /api/*", r"/[A-Za-z0-9_.$/~\x22'@:+&*?-]*", 128)]
HostPattern = Annotated[
    str,
    Text("a host name, as in captions.example.com or *.example.com", r"[A-Za-z0-9*?-][A-Za-z0-9.*?-]*\.[A-Za-z]+", 128),
]
Channel = Annotated[str, Text('a Slack channel in quotes, as in "#deploys"', r"#[^\s#,A-Z]+", 81)]
GlobPattern = Annotated[
    str,
    Text("a pattern relative to the repository, as in docs/**", r"(?![/!])(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f\x7f\\]+"),
]

# ---------------------------------------------------------------- references to AWS

ACCOUNT = r"[0-9]{12}"
REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]"
Account = Annotated[str, Text('an account of twelve digits, as in "123456789012"', ACCOUNT)]
Region = Annotated[str, Text("a region, as in eu-west-1", REGION)]
RoleArn = Annotated[
    str,
    Text(
        "a role's ARN, as in arn:aws:iam::123456789012:role/name",
        rf"arn:aws[a-z-]*:iam::{ACCOUNT}:role/[\w+=,.@/-]+",
        2048,
    ),
]
SecretReference = Annotated[
    str,
    Text(
        "a secret's ARN, if need be with :json-key:version-stage:version-id",
        rf"arn:aws[a-z-]*:secretsmanager:{REGION}:{ACCOUNT}:secret:[A-Za-z0-9/_+=.@!-]+(?::[^:\s]*:[^:\s]*:[^:\s]*)?",
        2048,
    ),
]
_PARAMETER = r"(?!/?(?:[Aa][Ww][Ss]|[Ss][Ss][Mm]))/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*"
ParameterReference = Annotated[
    str,
    Text(
        "a Parameter Store name or ARN, as in /captioncraft/prod/features",
        rf"{_PARAMETER}|arn:aws[a-z-]*:ssm:{REGION}:{ACCOUNT}:parameter/[A-Za-z0-9_./-]+",
        1011,
    ),
]
AlarmName = Annotated[
    str,
    Text(
        "a CloudWatch alarm's name; {slot}, {service} and {environment} are filled in",
        r"(?:[^{}\x00-\x1f\x7f]|\{(?:slot|service|environment)\})+",
    ),
]
Title = Annotated[str, Text("a name", longest=100)]

# ---------------------------------------------------------------- image tags

_PLACEHOLDERS = ("branch", "sha", "version")
LONGEST_TAG = 128
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


def _known_placeholders(template: str) -> str:
    unknown = [name for name in re.findall(r"\{([^{}]*)\}", template) if name not in _PLACEHOLDERS]
    literal = re.sub(r"\{[^{}]*\}", "x", template)
    if unknown:
        raise wanted("only the placeholders {branch}, {sha} and {version}", f"{{{unknown[0]}}}")
    if _TAG.fullmatch(literal) is None:
        raise wanted('a tag of letters, digits, "_", "." and "-", as in "{branch}-{sha}"')
    return template


TagTemplate = Annotated[
    str, Text('a tag in quotes, as in "{branch}-{sha}"', longest=LONGEST_TAG), AfterValidator(_known_placeholders)
]


def is_tag(text: str) -> bool:
    """By the Open Container Initiative's distribution specification, as ECR takes it."""
    return len(text) <= LONGEST_TAG and _TAG.fullmatch(text) is not None


def render_tag(template: str, *, branch: str, commit: str, version: str | None = None) -> str:
    """The tag that the image of `commit` carries; what a tag cannot hold of a branch's name becomes a hyphen. `version`
    is put in as it is, so that what comes out need not be a tag.

    >>> render_tag("{branch}-{sha}", branch="fix/typo", commit="0f3c")
    'fix-typo-0f3c'
    """
    assert version or "{version}" not in template, f"{template} needs the version of a release"
    return template.format(branch=re.sub(r"[^A-Za-z0-9_.-]", "-", branch), sha=commit, version=version)


# ---------------------------------------------------------------- shapes

Item = TypeVar("Item")
Key = TypeVar("Key")

YesNo = Annotated[bool, Strict()]


def _yes_no_or_all(value: object) -> object:
    if value is True or value is False or value == "all":
        return value
    raise wanted("true, false or all")


Excludes = Annotated[
    bool | Literal["all"],
    PlainValidator(_yes_no_or_all, json_schema_input_type=bool | Literal["all"]),
]
Weight = Annotated[int, Number(1, 100, "a share of the traffic in percent, a whole number")]
Port = Annotated[int, Number(1, 65535, "a port")]
Unique = Annotated[tuple[Item, ...], AfterValidator(without_repeats)]


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


OneOrMany = Annotated[Unique[Item], BeforeValidator(_one_or_many, json_schema_input_type=Item | list[Item])]
Table = Annotated[Mapping[Key, Item], AfterValidator(MappingProxyType), PlainSerializer(dict)]


def no_entries() -> Mapping[Any, Any]:
    return MappingProxyType({})


def _filled_command(words: tuple[str, ...]) -> tuple[str, ...]:
    # ECS allows 8,192 characters for the overrides of one RunTask; the rest is for names and braces.
    if sum(len(word) + 3 for word in words) > 8000:
        raise wanted("a command of at most 8000 characters")
    return words


Command = Annotated[
    tuple[Annotated[str, Text("text, in quotes", r"[^\x00]+", 8000)], ...],
    AfterValidator(_filled_command),
]
