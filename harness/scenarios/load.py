"""A folder of scenario files → a suite: everything resolved, or every mistake of every file at once.

Scenario files name data only. Commands, module paths and factories have no place in the language, so there is
nothing here that could run one.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from harness.errors import Mistake, SettingsError, SourceError
from harness.facts import Facts, fact_names, load_facts
from harness.frozen import fingerprint
from harness.scenarios.expansion import Draft, drafts_of
from harness.scenarios.model import Scenario
from harness.scenarios.references import fact_mistakes, own_mistakes, resolved, rubric_mistakes
from harness.scenarios.rubric import Rubric, load_rubric
from harness.scenarios.source import DEFAULT_FACTS
from harness.yaml_source.document import meant, read_partly, shown_path

SIMULATED = "simulated"
"""Folder directly below a suite that is a suite of its own, of simulated users: what is in it never gates by accident."""
_NO_SCENARIOS = frozenset({"facts", "schema", SIMULATED})
"""Folders directly below a suite that hold something else."""
Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Suite:
    """Scenarios with what they stand on."""

    scenarios: tuple[Scenario, ...]
    """In the order of file paths, and of places within a file."""
    facts: Facts
    rubric: Rubric
    root: Path
    fingerprint: str
    """Of all scenarios together: what is said and expected, and how the results are weighed."""


def load_suite(root: Path, rubric: Path, facts: Path | None = None) -> Suite:
    """Load all scenarios below `root`.

    Args:
        root: folder of `*.yaml` files, searched with all its folders except `facts/`, `schema/` and `simulated/`.
        rubric: the rubric's file.
        facts: folder of the trusted facts; default `root/facts`, or for a folder `simulated` without one, that of its suite.

    Raises:
        SourceError: with every mistake of every file, rubric and facts included.
        SettingsError: where `root` is no folder.
    """
    if not root.is_dir():
        raise SettingsError(f"{shown_path(root)}: no such folder of scenarios; name one with --suite")
    mistakes: list[Mistake] = []
    drafts = list(_drafts(root, mistakes))
    loaded_rubric = _attempt(mistakes, load_rubric, rubric)
    folder = _facts_of(root) if facts is None else facts
    known = fact_names(folder)
    mistakes.extend(_unknown_files(drafts, known, folder))
    needed = sorted({name for draft in drafts for name in draft.source.facts if name in known})
    loaded_facts = _attempt(mistakes, load_facts, folder, needed)
    mistakes.extend(_repeated_ids(drafts))
    for draft in drafts:
        mistakes.extend(own_mistakes(draft))
        mistakes.extend(rubric_mistakes(draft, loaded_rubric) if loaded_rubric else ())
        mistakes.extend(fact_mistakes(draft, loaded_facts) if loaded_facts else ())
    if mistakes or loaded_rubric is None or loaded_facts is None:
        raise SourceError(dict.fromkeys(mistakes))
    shown_root = shown_path(root)
    scenarios = tuple(resolved(draft, loaded_rubric, loaded_facts, _below(draft.document.path, shown_root)) for draft in drafts)
    return Suite(scenarios, loaded_facts, loaded_rubric, root, _suite_fingerprint(scenarios))


def _facts_of(root: Path) -> Path:
    own, shared = root / "facts", root.absolute().parent / "facts"
    return shared if root.absolute().name == SIMULATED and not own.is_dir() and shared.is_dir() else own


def scenario_files(root: Path) -> tuple[Path, ...]:
    """Return the scenario files below a folder, sorted; hidden ones and those of `facts/`, `schema/` and `simulated/` left out."""
    found = (path for pattern in ("*.yaml", "*.yml") for path in root.rglob(pattern))
    return tuple(sorted(path for path in found if _is_scenario_file(path.relative_to(root))))


def _is_scenario_file(path: Path) -> bool:
    return path.parts[0] not in _NO_SCENARIOS and not any(part.startswith(".") for part in path.parts)


def _drafts(root: Path, mistakes: list[Mistake]) -> Iterator[Draft]:
    """Yield the drafts of all files, and note what is wrong with the files."""
    files = scenario_files(root)
    if not files:
        mistakes.append(Mistake(shown_path(root), 1, 1, "holds no scenario files (*.yaml); a suite of nothing proves nothing"))
    for path in files:
        document = _attempt(mistakes, read_partly, path)
        if document is not None:
            drafts, found = drafts_of(document)
            mistakes.extend(found)
            yield from drafts


def _below(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _attempt(mistakes: list[Mistake], read: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value | None:
    """Return what `read` reads, or None and its mistakes added to the others."""
    try:
        return read(*args, **kwargs)
    except SourceError as error:
        mistakes.extend(error.mistakes)
        return None


def _unknown_files(drafts: Sequence[Draft], known: Sequence[str], folder: Path) -> Iterator[Mistake]:
    """Yield every fact file that a scenario names and that is not there; a lacking default is told once."""
    told: set[str] = set()
    for draft in drafts:
        named = "facts" in draft.source.model_fields_set
        for index, name in enumerate(draft.source.facts):
            if name in known or (not named and name in told):
                continue
            told.add(name)
            by_default = "" if named else f" (scenarios without 'facts' stand on {', '.join(DEFAULT_FACTS)})"
            yield draft.mistake(("facts", index), f"no fact file '{name}' in {shown_path(folder)}{by_default}{meant(name, known)}")


def _repeated_ids(drafts: Sequence[Draft]) -> Iterator[Mistake]:
    """Yield every id that two scenarios bear, in whatever files."""
    first: dict[str, Mistake] = {}
    for draft in drafts:
        if "id" in draft.unread:
            continue
        here = draft.mistake(("id",), "")
        other = first.setdefault(draft.source.id, here)
        if other != here:
            yield dataclasses.replace(here, message=f"id '{draft.source.id}' stands here again; first at {other.path}:{other.line}")


def _suite_fingerprint(scenarios: Sequence[Scenario]) -> str:
    return fingerprint(sorted([item.id, item.fingerprint, item.weight, item.cluster, item.must_pass] for item in scenarios))


def base_id(scenario_id: str) -> str:
    """Return the id as the file has it: that of the table for an example row."""
    return scenario_id.partition("@")[0]


def select(suite: Suite, only: Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Return the part of a suite that is asked for, and the ids that this leaves out.

    Args:
        suite: the whole suite.
        only: any of: an id, the base id of an example table, a glob over ids (`price-*`), `tag:NAME`, a tag, an
            intent. A scenario is selected when one of them fits; no words at all select everything.

    Raises:
        SettingsError: for every word that fits nothing, with what was probably meant.
    """
    if not only:
        return suite, ()
    idle = [word for word in only if not any(_fits(word, scenario) for scenario in suite.scenarios)]
    if idle:
        words = sorted(
            {word for scenario in suite.scenarios for word in (scenario.id, base_id(scenario.id), scenario.intent, *scenario.tags)}
        )
        near = "\n".join(f"--only {word}: no scenario has this id, tag or intent{meant(word.removeprefix('tag:'), words)}" for word in idle)
        raise SettingsError(f"{near}\n`harness scenarios list` shows them all")
    chosen = tuple(scenario for scenario in suite.scenarios if any(_fits(word, scenario) for word in only))
    kept = {scenario.id for scenario in chosen}
    left_out = tuple(scenario.id for scenario in suite.scenarios if scenario.id not in kept)
    return recomposed(suite, chosen), left_out


def recomposed(suite: Suite, scenarios: tuple[Scenario, ...]) -> Suite:
    """Return a suite of these scenarios, which stand on the same facts and rubric."""
    return dataclasses.replace(suite, scenarios=scenarios, fingerprint=_suite_fingerprint(scenarios))


def _fits(word: str, scenario: Scenario) -> bool:
    if word.startswith("tag:"):
        return word.removeprefix("tag:") in scenario.tags
    names = {scenario.id, base_id(scenario.id), scenario.intent, *scenario.tags}
    return word in names or (any(mark in word for mark in "*?[") and fnmatch.fnmatchcase(scenario.id, word))
