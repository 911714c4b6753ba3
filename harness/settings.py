"""Settings: what the user configured, from `harness.toml` or `[tool.harness]`, the environment, and flags.

Later sources win: defaults, file, `HARNESS_*` variables, flags. Relative paths in the file are relative to the file.
Only assembly and the command line read this.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from harness.errors import SettingsError
from harness.frozen import FrozenModel, canonical_json
from harness.gates.policy import GatePolicy
from harness.package_data import shipped

Mode = Literal["observe", "advise", "enforce"]
FILE_NAMES = ("harness.toml", "pyproject.toml")
VARIABLE_PREFIX = "HARNESS_"
TRUSTED_REF = "trusted_ref"
"""Flag and variable, and no setting of a file: the revision that the settings themselves are read from."""
MAX_SETTINGS_BYTES = 1 << 20
NEARLY = 0.8
"""Likeness from which an unknown environment variable is taken for a misspelt one of ours."""
DEFAULT_REPEATS = 5
"""Conversations for each scenario in the first wave: what the integration gate needs."""
DEFAULT_JUDGE = "claude-sonnet-5-5"
DEFAULT_SIMULATOR = "claude-haiku-5-5"
CLAUDE = frozenset({"anthropic", "bedrock"})
"""Judges that ask Claude, named after who serves it; users are played at the same services."""
_PATH_FIELDS = ("suite", "facts", "rubric", "baseline", "pinned", "state", "noise", "runs", "calibrations", "anchors", "prices", "cache")
_TARGET_FIELDS = ("target", "against")


class Settings(FrozenModel):
    """Everything that can be configured, with its defaults."""

    target: str | None = Field(None, description="target file, or the URL of a target that speaks the default shape")
    suite: Path = Field(default_factory=lambda: shipped("scenarios"), description="folder of scenario files")
    facts: Path | None = Field(None, description="folder of trusted facts; default: facts/ in the suite")
    rubric: Path = Field(default_factory=lambda: shipped("judges") / "rubric.yaml", description="the judge's rubric")
    baseline: Path | None = Field(None, description="baseline file to hold the candidate against")
    pinned: Path | None = Field(None, description="second baseline, promoted by hand, that does not roll with the releases")
    against: str | None = Field(None, description="target file or URL of the deployment to measure side by side, in place of a baseline")
    state: Path | None = Field(None, description="folder that keeps count of attempts on the same build; without one they are unknown")
    noise: Path | None = Field(None, description="noise floor that `harness aa` measured; default: NAME.noise.json beside the baseline")
    runs: Path = Field(Path(".harness/runs"), description="where runs are kept")
    calibrations: Path = Field(Path(".harness/calibrations"), description="folder of judges' calibrations, which the gate obeys")
    anchors: Path = Field(Path(".harness/anchors"), description="folder of judges' verdicts on the anchors, and of what was seen since")
    judge: str | None = Field(
        None, description="offline: rules only; anthropic, bedrock: Claude; package.module:factory: a judge of your own"
    )
    judge_model: str = Field(
        DEFAULT_JUDGE, min_length=1, max_length=200, description="id of the model that judges, as its service names it"
    )
    judge_answers_as: str | None = Field(
        None, min_length=1, max_length=200, description="id that its responses state, where that is another (Bedrock)"
    )
    judge_effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(None, description="effort; default: the model's own")
    judge_thinking: Literal["adaptive", "disabled"] | None = Field(None, description="thinking; default: the model's own")
    judge_max_tokens: int = Field(8000, ge=1000, le=64_000, description="most tokens of one answer, thinking included")
    judge_samples: int = Field(3, ge=1, le=3, description="answers where one hardly decides; 1: never ask again")
    judge_audit_model: str | None = Field(
        None, min_length=1, max_length=200, description="second model that is asked about every fifth conversation; it changes no score"
    )
    judge_region: str | None = Field(None, description="AWS region, for Bedrock; default: as the AWS environment says")
    judge_prompt_cache: Literal["5m", "1h"] = Field("5m", description="how long the service keeps the judge's prompt")
    simulator: Literal["goal-slots", "anthropic", "bedrock"] = Field(
        "goal-slots", description="who plays simulated users: goal-slots (no model), anthropic or bedrock (Claude)"
    )
    simulator_model: str = Field(
        DEFAULT_SIMULATOR, min_length=1, max_length=200, description="id of the model that plays simulated users, as its service names it"
    )
    simulator_answers_as: str | None = Field(
        None, min_length=1, max_length=200, description="id that its responses state, where that is another (Bedrock)"
    )
    simulator_max_tokens: int = Field(2000, ge=200, le=16_000, description="most tokens of one line's answer, thinking included")
    budget_usd: Decimal | None = Field(
        None, gt=0, le=1_000_000, allow_inf_nan=False, description="US dollars that a run may spend on models; needs prices"
    )
    prices: Path = Field(
        default_factory=lambda: shipped("judges") / "prices.yaml", description="what models cost; the one that ships holds no figures"
    )
    cache: Path = Field(Path(".harness/answers.sqlite"), description="answers of models that were paid for, never asked for twice")
    replay: bool = Field(default=False, description="ask no model: every answer has to be in the cache")
    judging: int = Field(16, ge=1, le=1000, description="conversations judged, and calls of the judge, at once")
    under_way: int | None = Field(
        None, ge=1, le=2000, description="conversations under way at once, held or judged; default: no limit beyond"
    )
    repeats: int = Field(DEFAULT_REPEATS, ge=1, le=1000, description="conversations for each scenario in the first wave")
    max_judged: int | None = Field(None, ge=1, description="conversations of the candidate that may be judged in one run")
    concurrency: int = Field(16, ge=1, le=1000, description="conversations held at once")
    turns_at_once: Literal["adaptive"] | Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="turns under way at once on a target: `adaptive`, or a number; default: as its file says"
    )
    deadline_s: float | None = Field(None, gt=0, description="seconds for the whole run")
    conversation_timeout_s: float | None = Field(
        None, gt=0, le=3600, description="seconds from a conversation's first message to its last reply; default: as the target file says"
    )
    expect_build: str | None = Field(
        None, min_length=7, max_length=200, description="build that has to answer: exact, or a prefix of at least 7"
    )
    mode: Mode = Field("enforce", description="observe and advise report and exit 0; enforce decides")
    policy: GatePolicy = Field(default_factory=GatePolicy, description="how the gates decide")

    @property
    def of_targets(self) -> dict[str, Any]:
        """What is said here in place of the fields of the same name in a target file."""
        said = {"turns_at_once": self.turns_at_once, "conversation_timeout_s": self.conversation_timeout_s}
        return {name: value for name, value in said.items() if value is not None}


class SettingsSource(Protocol):
    """Where settings files are read from."""

    def has(self, path: Path) -> bool:
        """Return whether there is a file."""
        ...

    def content(self, path: Path) -> bytes:
        """Return its bytes, at most `MAX_SETTINGS_BYTES`; raises OSError or SettingsError."""
        ...


class Disk:
    """Settings files as they lie on the disk."""

    def has(self, path: Path) -> bool:
        """Return whether there is a file."""
        return path.is_file()

    def content(self, path: Path) -> bytes:
        """Return the bytes of a settings file, never more than `MAX_SETTINGS_BYTES`; a pipe or device could be endless."""
        if not stat.S_ISREG(path.stat().st_mode):
            raise SettingsError(f"{path}: is not a regular file; name a file like harness.toml")
        with path.open("rb") as file:
            content = file.read(MAX_SETTINGS_BYTES + 1)
        if len(content) > MAX_SETTINGS_BYTES:
            raise SettingsError(f"{path}: larger than 1 MiB; this is not a settings file")
        return content


DISK = Disk()


def load_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], config: Path | None = None, source: SettingsSource = DISK
) -> Settings:
    """Return the settings that the sources add up to; a flag of None was not given.

    Args:
        flags: of the command line.
        environ: the environment.
        config: the settings file; default: the one found upward from the working directory, if any.
        source: where settings files are read from.

    Raises:
        SettingsError: naming every value that cannot be used, each with its source.
    """
    path = config or settings_file(source)
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    if path is not None:
        values |= _checked(_file_values(path, source, explicit=config is not None), str(path), mistakes)
        _anchor_paths(values, path.parent)
    values |= _checked(_environment_values(environ, mistakes), "environment", mistakes)
    values |= _checked({key: value for key, value in flags.items() if value is not None}, "command line", mistakes)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return Settings.model_validate(values, strict=False)


def policy_with(configured: GatePolicy, flags: Mapping[str, Any]) -> GatePolicy:
    """Return the configured policy with what the command line says otherwise; a flag of None was not given.

    Raises:
        SettingsError: naming every value that cannot be used.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return GatePolicy.model_validate({**configured.model_dump(), **given})
    except ValidationError as error:
        places = [f"--{str(one['loc'][0]).replace('_', '-')}" if one["loc"] else "command line: policy" for one in error.errors()]
        raise SettingsError("\n".join(f"{place}: {one['msg']}" for place, one in zip(places, error.errors(), strict=True))) from None


def settings_file(source: SettingsSource = DISK) -> Path | None:
    """Return the settings file that is found upward from the working directory; None where there is none."""
    try:
        start = Path.cwd()
    except FileNotFoundError:  # the working directory was deleted: no file lies there or above
        return None
    for folder in (start, *start.parents):
        for name in FILE_NAMES:
            path = folder / name
            if source.has(path) and (name == "harness.toml" or _file_values(path, source, explicit=False)):
                return path
    return None


def _file_values(path: Path, source: SettingsSource, *, explicit: bool) -> dict[str, Any]:
    try:
        data = tomllib.loads(source.content(path).decode("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such settings file") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    if path.name != "pyproject.toml":
        return data
    tool = data.get("tool")
    section = tool.get("harness") if isinstance(tool, dict) else None
    if section is not None and not isinstance(section, dict):
        raise SettingsError(f"{path}: tool.harness: not a table; write [tool.harness]")
    if explicit and not section:
        raise SettingsError(f"{path}: has no [tool.harness] table; write one, or name a harness.toml")
    return section or {}


def _anchor_paths(values: dict[str, Any], folder: Path) -> None:
    for name in _PATH_FIELDS:
        if isinstance(values.get(name), str):
            values[name] = folder / values[name]
    for name in _TARGET_FIELDS:
        target = values.get(name)
        if isinstance(target, str) and target and _names_a_file(target):
            values[name] = str(folder / target)


def _names_a_file(target: str) -> bool:
    """Return whether a target is a file, and no URL, application (`asgi:module:app`) or factory (`package.module:factory`)."""
    return "://" not in target and (":" not in target or target.endswith((".yaml", ".yml")))


def _environment_values(environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    fields = {name: field for name, field in Settings.model_fields.items() if name != "policy"}
    mistakes.extend(_misspelt_variables(environ, fields))
    for name, field in fields.items():
        text = environ.get(VARIABLE_PREFIX + name.upper())
        if not text:
            continue
        try:
            parsed: Any = TypeAdapter[Any](field.annotation or str).validate_python(text, strict=False)
        except ValidationError as error:
            mistakes.append(f"environment: {VARIABLE_PREFIX}{name.upper()}: {error.errors()[0]['msg']}")
            continue
        values[name] = str(parsed) if isinstance(parsed, (Path, Decimal)) else parsed
    return values


def _misspelt_variables(environ: Mapping[str, str], fields: Collection[str]) -> Iterator[str]:
    """Yield a mistake for each variable that is nearly one of ours; all others may belong to other programs."""
    known = [*(name.upper() for name in fields), TRUSTED_REF.upper()]
    for name in sorted(environ):
        word = name.removeprefix(VARIABLE_PREFIX)
        if word == name or word in known:
            continue
        if word == "POLICY":
            yield f"environment: {name}: a policy can be set in a settings file only, as [policy]"
        elif close := difflib.get_close_matches(word, known, n=1, cutoff=NEARLY):
            yield f"environment: {name}: unknown setting; did you mean '{VARIABLE_PREFIX}{close[0]}'?"


def _checked(values: dict[str, Any], source: str, mistakes: list[str]) -> dict[str, Any]:
    """Return `values` if they fit on their own, else nothing, with every mistake noted."""
    found = [f"{source}: {sentence}" for key, value in values.items() for sentence in _mistakes_of(key, value)]
    mistakes.extend(found)
    return {} if found else values


def _mistakes_of(key: str, value: Any) -> Iterator[str]:
    """Yield what is wrong with one setting."""
    try:
        Settings.model_validate_json(canonical_json({key: str(value) if isinstance(value, os.PathLike) else value}))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            yield _sentence(one["loc"], one["type"], one["msg"])
    except (TypeError, ValueError):
        yield f"{key}: not a value that a setting can have (a date, NaN or infinity)"


def _sentence(place: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in place)
    if kind != "extra_forbidden":
        return f"{key}: {message}"
    if key == TRUSTED_REF:
        return f"{key}: has to stand on the command line or in {VARIABLE_PREFIX}{key.upper()}; a change could take it out of a file"
    fields = GatePolicy.model_fields if place[0] == "policy" and len(place) > 1 else Settings.model_fields
    close = difflib.get_close_matches(str(place[-1]), list(fields), n=1)
    hint = f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(sorted(fields))}"
    return f"{key}: unknown setting{hint}"
