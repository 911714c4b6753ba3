"""The contract, held against what a scenario's simulated user may say: a committed line that breaks it is a mistake in a file.

What needs no more than the file (leaks, repeats, lengths) is told when it is loaded; this adds roles, farewells and language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.errors import Mistake, SourceError
from harness.scenarios.agenda import Wordings
from harness.scenarios.model import Language, Scenario
from harness.simulated_users.contract import Moment, breach_of
from harness.text import NameIndex


def check_committed(scenarios: Iterable[Scenario], names: NameIndex) -> None:
    """Raise SourceError for every committed line that the contract would not let pass."""
    mistakes = [mistake for scenario in scenarios for mistake in _mistakes(scenario, names)]
    if mistakes:
        raise SourceError(mistakes)


def _mistakes(scenario: Scenario, names: NameIndex) -> Iterator[Mistake]:
    if scenario.user is None:
        return
    impatient: tuple[tuple[str | int, ...], Wordings] = (("impatient",), scenario.user.impatient)
    for path, wordings in (*scenario.user.wordings, impatient):
        languages: tuple[Language, ...] = ("en", "ja")
        for language in languages:
            for number, line in enumerate(wordings.of(language)):
                breach = breach_of(line, Moment(1, language, (), "", (), {}), names)
                if breach is not None:
                    place = ".".join(map(str, ("user", *path, language, number)))
                    told = f"scenario {scenario.id}: {place} {breach.detail}: no simulated user may say this ({breach.kind.value})"
                    yield Mistake(scenario.source.path, scenario.source.line, 0, told)
