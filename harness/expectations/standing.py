"""What is expected of every reply without a scenario having to say so."""

from __future__ import annotations

from harness.scenarios.model import Expectation, LanguageIs, NoPii, NotApology, RepliesWithin, Scenario, Severity, Status, Turn
from harness.scenarios.rubric import Rubric, RubricCriterion

STANDING = -1
"""Index of findings of standing expectations."""
_ALWAYS = frozenset({"status", "replies_within", "not_apology", "language_is", "no_pii"})
"""Kinds of the expectations that must hold always."""


def expected(scenario: Scenario, turn: Turn, rubric: Rubric) -> tuple[tuple[int, Expectation], ...]:
    """Return all that is expected of a turn with its index: the standing expectations, then the turn's own by position.

    One of the first five that the turn states itself, as a `must`, is not held twice: its own one stands for both, and
    answers the criterion of the standing one.
    """
    kept: list[tuple[int, Expectation]] = []
    own = list(turn.expect)
    for one in standing(scenario, turn, rubric):
        same = [at for at, mine in enumerate(own) if mine.kind == one.kind in _ALWAYS and _same(mine, one, turn)]
        for at in same:
            own[at] = own[at].model_copy(update={"criterion": one.criterion})
        if not same:
            kept.append((STANDING, one))
    return (*kept, *enumerate(own))


def _same(own: Expectation, one: Expectation, turn: Turn) -> bool:
    if own.criterion not in {None, one.criterion}:
        return False
    if isinstance(own, LanguageIs) and own.language is None:
        own = own.model_copy(update={"language": turn.language})
    return own.model_copy(update={"criterion": one.criterion}) == one


def standing(scenario: Scenario, turn: Turn, rubric: Rubric) -> tuple[Expectation, ...]:
    """Return the standing expectations of a turn.

    First five that must hold always: status, a reply in time, no apology (unless the turn allows one), the user's
    language, no personal data. Each carries the rubric criterion that applies and checks the same. Then the checks of all
    other criteria that apply: `must` for critical ones, `should` for the rest. Where the turn itself expects another
    status, time or language, the standing expectation is that one.
    """
    criteria = [criterion for criterion in rubric.criteria_of(scenario) if criterion.check is not None]
    always = [_named(expectation, criteria) for expectation in _always(turn)]
    others = [_of(criterion) for criterion in criteria if criterion.check is not None and criterion.check.kind not in _ALWAYS]
    return (*always, *others)


def _always(turn: Turn) -> tuple[Expectation, ...]:
    status, within, language = (
        Status(kind="status"),
        RepliesWithin(kind="replies_within"),
        LanguageIs(kind="language_is", language=turn.language),
    )
    for own in turn.expect:
        match own:
            case Status():
                status = Status(kind="status", any=own.any)
            case RepliesWithin(seconds=float() as seconds):
                within = RepliesWithin(kind="replies_within", seconds=seconds)
            case LanguageIs(language=str() as expected):
                language = LanguageIs(kind="language_is", language=expected)
    apology = () if turn.apology_ok else (NotApology(kind="not_apology"),)
    return (status, within, *apology, language, NoPii(kind="no_pii"))


def _named(expectation: Expectation, criteria: list[RubricCriterion]) -> Expectation:
    same = next((criterion.id for criterion in criteria if criterion.check is not None and criterion.check.kind == expectation.kind), None)
    return expectation if same is None else expectation.model_copy(update={"criterion": same})


def _of(criterion: RubricCriterion) -> Expectation:
    if criterion.check is None:
        raise ValueError(f"criterion {criterion.id!r} has no check")
    severity = Severity.MUST if criterion.critical else Severity.SHOULD
    return criterion.check.model_copy(update={"criterion": criterion.id, "severity": severity})
