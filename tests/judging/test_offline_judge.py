"""The rules-only judge."""

from __future__ import annotations

import anyio
import pytest

from harness.conversations.transcript import EndReason
from harness.expectations.check import CheckContext, check
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import TARGET_FAILED, CriterionAnswer, Judge, JudgementOutcome
from harness.judging.offline_judge import OfflineJudge
from harness.scenarios.model import Contains, OwnCriterion, Severity, Turn
from harness.scenarios.rubric import Rubric, load_rubric
from tests.fakes.small_shop import FACTS, RUBRIC, failure, reply, scenario_of, transcript_of

RUBRIC_VALUE = load_rubric(RUBRIC)
JUDGE: Judge = OfflineJudge(RUBRIC_VALUE)
CONTEXT = CheckContext(FACTS, RUBRIC_VALUE, 3.0)
TONE = ("user_language", "politeness", "concise")
GROUNDED = ("catalogue_facts", "nothing_invented", "cites_source")
GOOD = "Naruto is ¥528 per volume, and it is in stock for you."
CITED = {"citations": [{"id": "a"}], "passages": [{"id": "a"}]}


def judged(scenario, *results, ended=None):
    held = transcript_of(*results, scenario=scenario, ended=ended)
    return anyio.run(JUDGE.judge, scenario, held, check(scenario, held, CONTEXT))


def scenario(*turns, criteria=(*TONE, *GROUNDED), dimensions=("groundedness", "tone_and_locale"), **values):
    return scenario_of(*(turns or (Turn(say="How much is Naruto?"),)), criteria=criteria, dimensions=dimensions, **values)


def answers(judgement):
    return {verdict.criterion: verdict.answer for verdict in judgement.verdicts}


def test_a_good_conversation_scores_five_with_its_coverage():
    """What code can answer is met; what it cannot is not assessed and only lowers the coverage."""
    judgement = judged(scenario(), reply(GOOD, CITED))
    assert judgement.outcome is JudgementOutcome.RATED
    assert dict(judgement.scores) == {"groundedness": 5, "tone_and_locale": 5}
    assert answers(judgement)["nothing_invented"] is CriterionAnswer.NOT_ASSESSED
    assert [(rating.assessed, rating.applicable) for rating in judgement.ratings] == [(2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("text", "payload", "expected"),
    [
        (f"{GOOD} " + "We are glad that you are here. " * 30, CITED, {"groundedness": 5, "tone_and_locale": 3}),
        ("It is hereby noted that Naruto is ¥528 per volume.", CITED, {"groundedness": 5, "tone_and_locale": 3}),
        (GOOD, {"citations": [], "passages": [{"id": "a"}]}, {"groundedness": 3, "tone_and_locale": 5}),
        ("Naruto is ¥900 per volume, and it is in stock for you.", CITED, {"groundedness": 2, "tone_and_locale": 5}),
        ("『ナルト』は1冊528円です。どうぞごゆっくりお選びください。", CITED, {"groundedness": 5, "tone_and_locale": 3}),
    ],
)
def test_each_fault_costs_its_dimension(text, payload, expected):
    """Verbose, stiff, uncited, wrong and foreign replies lose points where they belong and nowhere else."""
    assert dict(judged(scenario(), reply(text, payload)).scores) == expected


@pytest.mark.parametrize(
    ("text", "polite"),
    [
        ("『ナルト』は1冊528円です。在庫もございます。", True),
        ("かしこまりました。どうぞご覧ください。またお越しくださいませ！", True),
        ("『ナルト』は1冊528円だ。", False),
        ("在庫はない。", False),
        ("以下のとおり回答する。", False),
        ("発送は明日である。", False),
        ("もう届いた。", False),
    ],
)
def test_plain_form_in_japanese_is_impolite(text, polite):
    """です and ます are polite; sentences that end in plain form are not."""
    verdict = answers(judged(scenario(locale="ja"), reply(text, CITED)))["politeness"]
    assert (verdict is CriterionAnswer.MET) is polite


def test_without_evidence_a_criterion_is_not_met():
    """A reply that evades does not score better than a wrong one: silence is a miss, and no reply is a miss throughout."""
    judgement = judged(scenario(), reply(GOOD, {"citations": [], "passages": []}))
    assert answers(judgement)["cites_source"] is CriterionAnswer.NOT_MET
    asked = Turn(say="x", expect=(Contains(kind="contains", any=("MA-10417",), criterion="remembers", severity=Severity.SHOULD),))
    silent = scenario(asked, criteria=("remembers", *TONE), dimensions=("coherence_and_memory", "tone_and_locale"))
    nothing = anyio.run(JUDGE.judge, silent, transcript_of(reply("…"), scenario=silent), [])
    assert {verdict.answer for verdict in nothing.verdicts} == {CriterionAnswer.NOT_MET}
    assert dict(nothing.scores) == {"tone_and_locale": 2}


def test_any_fault_outweighs_any_success():
    """One unmet finding decides a criterion, however many are met."""
    case = scenario(criteria=TONE, dimensions=("tone_and_locale",))
    held = transcript_of(reply(GOOD), scenario=case)
    found = [Finding(turn, -1, "language_is", Severity.MUST, "user_language", FindingOutcome.MET, "fine") for turn in (1, 2)]
    found.append(Finding(3, -1, "language_is", Severity.MUST, "user_language", FindingOutcome.UNMET, "in Dutch"))
    judgement = anyio.run(JUDGE.judge, case, held, found)
    verdict = next(item for item in judgement.verdicts if item.criterion == "user_language")
    assert verdict.answer is CriterionAnswer.NOT_MET
    assert "turn 3: in Dutch" in verdict.reason


def test_which_dimensions_count_is_fixed_before_the_conversation():
    """Two criteria that code can answer, or one critical one, make a dimension; fewer do not, and a listed one needs an expectation."""
    assert JUDGE.dimensions(scenario()) == ("groundedness", "tone_and_locale")
    assert JUDGE.dimensions(scenario(criteria=("user_language",), dimensions=("tone_and_locale",))) == ()
    assert JUDGE.dimensions(scenario(criteria=("catalogue_facts",), dimensions=("groundedness",))) == ("groundedness",)
    listed = ("remembers", "topic_return")
    assert JUDGE.dimensions(scenario(criteria=listed, dimensions=("coherence_and_memory",))) == ()
    asked = Turn(say="x", expect=tuple(Contains(kind="contains", any=("a",), criterion=name) for name in listed))
    assert JUDGE.dimensions(scenario(asked, criteria=listed, dimensions=("coherence_and_memory",))) == ("coherence_and_memory",)


def test_where_the_target_failed_every_dimension_is_one():
    """A 500 is not judged by what was said before it."""
    case = scenario(Turn(say="x"), Turn(say="y"))
    judgement = judged(case, reply(GOOD, CITED), failure())
    assert judgement.outcome is JudgementOutcome.RATED
    assert dict(judgement.scores) == {"groundedness": 1, "tone_and_locale": 1}
    assert CriterionAnswer.MET not in answers(judgement).values()
    assert [rating.critical_failures for rating in judgement.ratings] == [(TARGET_FAILED,)] * 2


def test_a_wrong_fact_is_named_as_the_critical_criterion_that_failed():
    """The rating says which critical criterion was broken; a fault of style is none, and nor is a good reply."""
    wrong, uncited, good = (
        judged(scenario(), reply(text, payload))
        for text, payload in (
            ("Naruto is ¥900 per volume, and it is in stock for you.", CITED),
            (GOOD, {"citations": [], "passages": [{"id": "a"}]}),
            (GOOD, CITED),
        )
    )
    assert {one.dimension: one.critical_failures for one in wrong.ratings} == {"groundedness": ("catalogue_facts",), "tone_and_locale": ()}
    assert not any(one.critical_failures for one in (*uncited.ratings, *good.ratings))


def test_what_is_no_evidence_is_never_a_score():
    """Infrastructure trouble fails the judgement, and a scenario without answerable criteria abstains; neither has ratings."""
    lost = judged(scenario(), failure(), ended=EndReason.INFRASTRUCTURE)
    assert (lost.outcome, lost.ratings) == (JudgementOutcome.FAILED, ())
    bare = judged(scenario(criteria=(), dimensions=("recommendation_fit",)), reply(GOOD))
    assert (bare.outcome, bare.ratings) == (JudgementOutcome.ABSTAINED, ())
    assert bare.note


def test_own_criteria_of_a_scenario_count_in_the_coverage():
    """A question that only a reading judge can answer is not assessed, unless an expectation answers it."""
    own = (
        OwnCriterion(id="warm", dimension="tone_and_locale", question="Is it warm?"),
        OwnCriterion(id="named", dimension="tone_and_locale", question="Named it?"),
    )
    asked = Turn(say="x", expect=(Contains(kind="contains", any=("Naruto",), criterion="named"),))
    judgement = judged(scenario(asked, criteria=TONE, dimensions=("tone_and_locale",), own_criteria=own), reply(GOOD))
    assert answers(judgement)["warm"] is CriterionAnswer.NOT_ASSESSED
    assert answers(judgement)["named"] is CriterionAnswer.MET
    assert (judgement.ratings[0].assessed, judgement.ratings[0].applicable) == (4, 5)


def test_its_fingerprint_keeps_its_scores_apart():
    """Another rubric is another judge; the name says what it is."""
    reworded = Rubric(version=2, dimensions=RUBRIC_VALUE.dimensions)
    assert JUDGE.identity.name == "rules only"
    assert OfflineJudge(reworded).identity.fingerprint != JUDGE.identity.fingerprint
    assert OfflineJudge(RUBRIC_VALUE).identity == JUDGE.identity
    assert JUDGE.identity.rubric == RUBRIC_VALUE.fingerprint
