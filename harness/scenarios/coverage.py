"""What a suite covers: scenarios and clusters by intent and locale, tags, and criteria."""

from __future__ import annotations

import collections
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.scenarios.model import Intent, Language, Scenario

INTENTS: tuple[str, ...] = typing.get_args(Intent)
LOCALES: tuple[str, ...] = typing.get_args(Language)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts over some scenarios."""

    scenarios: int
    clusters: int
    """Independent pieces of evidence."""
    turns: int
    """Messages of users; of a simulated one, as many as they may say."""
    multi_turn: int
    """Scenarios of two turns or more."""
    must_pass: int
    by_intent: Mapping[str, Mapping[str, int]]
    """Intent → locale → scenarios; every intent and locale is there, with 0 where nothing covers it."""
    by_tag: Mapping[str, int]
    """Tag → scenarios, by name."""
    by_dimension: Mapping[str, int]
    """Rubric dimension → scenarios that assess it, by name."""
    by_criterion: Mapping[str, int]
    """Rubric criterion → scenarios in which it applies, by name."""

    @property
    def uncovered(self) -> tuple[tuple[str, str], ...]:
        """Intents and locales that no scenario covers."""
        return tuple((intent, locale) for intent, row in self.by_intent.items() for locale, count in row.items() if count == 0)


def coverage(scenarios: Sequence[Scenario]) -> Coverage:
    """Count what the scenarios cover."""
    cells = collections.Counter((scenario.intent, scenario.locale) for scenario in scenarios)
    return Coverage(
        scenarios=len(scenarios),
        clusters=len({scenario.cluster for scenario in scenarios}),
        turns=sum(scenario.longest for scenario in scenarios),
        multi_turn=sum(scenario.longest > 1 for scenario in scenarios),
        must_pass=sum(scenario.must_pass for scenario in scenarios),
        by_intent={intent: {locale: cells[intent, locale] for locale in LOCALES} for intent in INTENTS},  # type: ignore[index]  # a Literal's words
        by_tag=_counted(tag for scenario in scenarios for tag in scenario.tags),
        by_dimension=_counted(name for scenario in scenarios for name in scenario.dimensions),
        by_criterion=_counted(name for scenario in scenarios for name in scenario.criteria),
    )


def _counted(words: collections.abc.Iterable[str]) -> dict[str, int]:
    return dict(sorted(collections.Counter(words).items()))
