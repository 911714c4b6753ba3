"""What is wrong with a simulated user as written: wordings that lack, names that nobody bears, lines that would break the contract.

The contract that binds every line (`harness.simulated_users.contract`) is held against committed wordings here, so that a
mistake in a file is told as one, with its line, and never as trouble in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.scenarios.agenda import MAX_LINE, Wordings
from harness.scenarios.disclosure import given_away, plain_signs, recited
from harness.scenarios.model import Language, SimulatedUser
from harness.scenarios.soundness import path_problem
from harness.yaml_source.document import DataPath, meant

_NAMES = {"en": "English", "ja": "Japanese"}


def user_mistakes(user: SimulatedUser, locale: Language) -> Iterator[tuple[DataPath, str]]:
    """Yield every mistake in a simulated user, with its path within it."""
    yield from _repeated("slots", "slot", [slot.name for slot in user.slots])
    yield from _repeated("milestones", "milestone", [milestone.name for milestone in user.milestones])
    yield from _milestone_mistakes(user)
    if user.switches_to == locale:
        yield ("switches_to",), f"the user speaks {_NAMES[locale]} from the start; name the other language, or leave it out"
    if user.rejects is not None and (problem := path_problem(user.rejects.when)) is not None:
        yield ("rejects", "when"), problem
    yield from _lacking_wordings(user, locale)
    yield from _line_mistakes(user)


def _repeated(key: str, what: str, names: Sequence[str]) -> Iterator[tuple[DataPath, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (key, index, "name"), f"{what} '{name}' stands here again"


def _milestone_mistakes(user: SimulatedUser) -> Iterator[tuple[DataPath, str]]:
    slots = [slot.name for slot in user.slots]
    for index, milestone in enumerate(user.milestones):
        for place, after in enumerate(milestone.after):
            if after not in slots:
                yield ("milestones", index, "after", place), f"no slot '{after}'{meant(after, slots)}"
        for place, expectation in enumerate(milestone.expect):
            if expectation.criterion is not None:
                message = "a milestone answers no criterion by itself; say 'criterion' of the user, which the whole goal answers"
                yield ("milestones", index, "expect", place, "criterion"), message


def _lacking_wordings(user: SimulatedUser, locale: Language) -> Iterator[tuple[DataPath, str]]:
    for at, wordings in user.wordings:
        least = user.rejects.times if user.rejects is not None and at[0] == "rejects" else 1
        for language in (locale,) if at == ("opening",) else (locale, *user.languages):
            if len(wordings.of(language)) < least:
                how_many = "a wording" if least == 1 else f"{least} wordings"
                yield at, f"needs {how_many} in {_NAMES[language]} ('{language}'), which the user may speak"


def _line_mistakes(user: SimulatedUser) -> Iterator[tuple[DataPath, str]]:
    said: dict[str, DataPath] = {}
    for at, wordings in (*user.wordings, (("impatient",), user.impatient)):
        for path, language, line in _lines(at, wordings):
            if len(line) > MAX_LINE[language]:
                yield path, f"has {len(line)} characters, and a customer's line in {_NAMES[language]} has {MAX_LINE[language]} at most"
            first = said.setdefault(plain_signs(line), path)
            if first != path:
                yield path, "is said elsewhere already; a user repeats no line"
            yield from _given_away(user, path, line)


def _given_away(user: SimulatedUser, path: DataPath, line: str) -> Iterator[tuple[DataPath, str]]:
    run = recited(line, user.goal) or recited(line, user.persona)
    if run is not None:
        yield path, f'recites what only the player is told ("{run}"); say it in the user\'s own words'
    for index, slot in enumerate(user.slots):
        own = path[:2] == ("slots", index)
        if slot.withheld and not own and (told := given_away(line, (slot.value, *slot.also))) is not None:
            yield path, f"gives away \"{told}\", which slot '{slot.name}' withholds"


def _lines(at: DataPath, wordings: Wordings) -> Iterator[tuple[DataPath, Language, str]]:
    languages: tuple[Language, ...] = ("en", "ja")
    for language in languages:
        yield from (((*at, language, index), language, line) for index, line in enumerate(wordings.of(language)))
