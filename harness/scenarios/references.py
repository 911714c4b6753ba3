"""What a draft refers to: rubric, facts, and the patterns and paths it carries; and the scenario it resolves to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from harness.errors import Mistake
from harness.facts import Facts
from harness.frozen import fingerprint
from harness.scenarios.expansion import Draft
from harness.scenarios.model import Cites, Expectation, FactsMatch, Scenario, SourcePlace
from harness.scenarios.rubric import Rubric
from harness.scenarios.simulated_mistakes import user_mistakes
from harness.scenarios.soundness import expectation_problems, path_problem
from harness.scenarios.source import ScenarioSource
from harness.yaml_source.document import DataPath, meant


def own_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Yield what is wrong with a draft by itself: patterns, paths, schemas, repeated words."""
    for at, expectation in expectations_in(draft):
        yield from (draft.mistake((*at, *path), message) for path, message in expectation_problems(expectation))
    for number, turn in enumerate(draft.source.turns):
        for name, path in turn.capture.items():
            problem = path_problem(path)
            if problem is not None:
                yield draft.mistake(("turns", number, "capture", name), problem)
    if draft.source.user is not None and draft.whole:
        for place, message in user_mistakes(draft.source.user, draft.source.locale):
            yield draft.mistake(("user", *place), message)
    for key in ("tags", "dimensions", "criteria", "facts", "variants"):
        words: tuple[str, ...] = getattr(draft.source, key)
        yield from (draft.mistake((key, index), f"'{word}' stands here again") for index, word in enumerate(words) if word in words[:index])


def expectations_in(draft: Draft) -> Iterator[tuple[DataPath, Expectation]]:
    """Yield every expectation of a draft with its path: of its turns, or of its simulated user."""
    for number, turn in enumerate(draft.source.turns):
        yield from ((("turns", number, "expect", index), one) for index, one in enumerate(turn.expect))
    user = draft.source.user
    if user is None:
        return
    yield from ((("user", "every_reply", index), one) for index, one in enumerate(user.every_reply))
    for number, milestone in enumerate(user.milestones):
        yield from ((("user", "milestones", number, "expect", index), one) for index, one in enumerate(milestone.expect))


def rubric_mistakes(draft: Draft, rubric: Rubric) -> Iterator[Mistake]:
    """Yield dimensions and criteria that the rubric does not know, or that cannot apply to this scenario."""
    source = draft.source
    for index, name in enumerate(() if "dimensions" in draft.unread else source.dimensions):
        if name not in rubric.dimension_by_id:
            yield draft.mistake(("dimensions", index), f"unknown dimension '{name}'{meant(name, rubric.dimension_by_id)}")
        elif draft.whole and not _criteria(draft, rubric, name) and name not in {item.dimension for item in source.own_criteria}:
            yield draft.mistake(("dimensions", index), f"no criterion of '{name}' applies here; list one in 'criteria', or leave it out")
    own = [item.id for item in source.own_criteria]
    for index, item in enumerate(source.own_criteria):
        if item.id in rubric.criterion_by_id or item.id in own[:index]:
            yield draft.mistake(("own_criteria", index, "id"), f"criterion '{item.id}' exists already; choose another id")
        if item.dimension not in source.dimensions and "dimensions" not in draft.unread:
            message = f"dimension '{item.dimension}' is not among this scenario's dimensions{meant(item.dimension, source.dimensions)}"
            yield draft.mistake(("own_criteria", index, "dimension"), message)
    for path, name in _named_criteria(draft):
        may_be_own = path[0] != "criteria" and (name in own or "own_criteria" in draft.unread)
        problem = None if may_be_own else _criterion_problem(draft, rubric, name)
        if problem is not None:
            yield draft.mistake(path, problem)


def _named_criteria(draft: Draft) -> Iterator[tuple[DataPath, str]]:
    for index, name in enumerate(draft.source.criteria):
        yield ("criteria", index), name
    for at, expectation in expectations_in(draft):
        if expectation.criterion is not None:
            yield (*at, "criterion"), expectation.criterion
    user = draft.source.user
    if user is not None and user.criterion is not None:
        yield ("user", "criterion"), user.criterion
    if user is not None and user.rejects is not None and user.rejects.criterion is not None:
        yield ("user", "rejects", "criterion"), user.rejects.criterion


def _criterion_problem(draft: Draft, rubric: Rubric, name: str) -> str | None:
    criterion = rubric.criterion_by_id.get(name)
    if criterion is None:
        return f"unknown criterion '{name}'{meant(name, rubric.criterion_by_id)}"
    dimension = rubric.dimension_of[name]
    if dimension not in draft.source.dimensions and "dimensions" not in draft.unread:
        return f"criterion '{name}' belongs to '{dimension}', which this scenario does not assess; add '{dimension}' to 'dimensions'"
    if draft.source.locale not in criterion.locales and "locale" not in draft.unread:
        return f"criterion '{name}' does not apply to locale '{draft.source.locale}'"
    return None


def fact_mistakes(draft: Draft, facts: Facts) -> Iterator[Mistake]:
    """Yield ids of titles and passages that the trusted facts do not know."""
    for at, expectation in expectations_in(draft):
        yield from (draft.mistake((*at, key), message) for key, message in _unknown_ids(expectation, facts))


def _unknown_ids(expectation: Expectation, facts: Facts) -> Iterator[tuple[str, str]]:
    match expectation:
        case FactsMatch(title=str(title)) if title not in facts.title_by_id:
            yield "title", f"unknown catalogue id '{title}'{_nearest(title, facts.title_by_id)}"
        case Cites(source=str(source)) if source not in facts.passage_by_id:
            yield "source", f"unknown passage '{source}'{_nearest(source, facts.passage_by_id)}"
        case _:
            return


def _nearest(word: str, known: Collection[str]) -> str:
    return meant(word, known) or f"; the facts hold {len(known)} others"


def _criteria(draft: Draft, rubric: Rubric, dimension: str) -> tuple[str, ...]:
    """Return the criteria of one dimension that apply to this draft."""
    listed = {name for _, name in _named_criteria(draft)}
    return tuple(
        item.id
        for item in rubric.dimension_by_id[dimension].criteria
        if draft.source.locale in item.locales and (item.applies == "always" or item.id in listed)
    )


def resolved(draft: Draft, rubric: Rubric, facts: Facts, path: Path) -> Scenario:
    """Return the scenario of a draft without mistakes; `path` is its file, relative to the suite."""
    source = draft.source
    criteria = tuple(name for item in rubric.dimensions if item.id in source.dimensions for name in _criteria(draft, rubric, item.id))
    content = {
        "locale": source.locale,
        "setup": source.setup,
        "turns": [turn.model_dump(mode="json", by_alias=True, exclude_defaults=True) for turn in source.turns],
        "dimensions": sorted(source.dimensions),
        "criteria": criteria,
        "own_criteria": source.own_criteria,
        "facts": facts.fingerprint_of(source.facts),
        **_of_user(source),
    }
    return Scenario(
        id=draft.id,
        title=source.title,
        intent=source.intent,
        locale=source.locale,
        tags=source.tags,
        cluster=source.cluster or source.id,
        weight=source.weight,
        must_pass=source.must_pass,
        effects=source.effects,
        setup=dict(source.setup),
        turns=source.turns,
        dimensions=source.dimensions,
        criteria=criteria,
        own_criteria=source.own_criteria,
        facts=source.facts,
        fingerprint=fingerprint(content),
        source=SourcePlace(path, draft.document.place_of(draft.at)[0]),
        user=source.user,
        variants=source.variants,
    )


def _of_user(source: ScenarioSource) -> dict[str, object]:
    """Return what makes two simulated or varied scenarios comparable; nothing for a plain script.

    Whether a scenario may decide in a gate changes nothing about its conversations.
    """
    found: dict[str, object] = {}
    if source.user is not None:
        found["user"] = source.user.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"gates"})
    if source.variants:
        found["variants"] = sorted(source.variants)
    return found
