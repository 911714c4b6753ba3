"""The judge that asks Claude, over real sockets: every mode of the fake Messages API is seen for what it is, and none is scored."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import anyio
import pytest

from harness.assembly.judges import open_judge
from harness.errors import JudgeError, cause_of
from harness.expectations.check import CheckContext, check
from harness.judging.judge import CriterionAnswer, JudgementOutcome
from harness.judging.steering.steady_judge import SteadyJudge
from harness.package_data import shipped
from harness.scenarios.load import Suite
from harness.scenarios.model import Turn
from harness.settings import Settings
from tests.fakes.messages_api.api import KEY
from tests.fakes.messages_api.planted import marked
from tests.fakes.messages_api.scale import Scale, biased
from tests.fakes.messages_api.temper import BREAKAGES, MODES, Page, Reset, Temper, always
from tests.fakes.messages_api.wire import Problem
from tests.fakes.scripted_model import MODEL, RUBRIC_VALUE, SECOND
from tests.fakes.small_shop import FACTS, reply, scenario_of, transcript_of

pytestmark = pytest.mark.anyio
CRITERIA = (
    "catalogue_facts", "nothing_invented", "user_language", "politeness", "concise", "no_needless_turns", "no_contradiction", "empathy", "title_form",
)  # fmt: skip
DIMENSIONS = ("groundedness", "tone_and_locale", "task_completion", "coherence_and_memory")
EN = scenario_of(Turn(say="How much is Naruto?"), criteria=CRITERIA, dimensions=DIMENSIONS)
JA = scenario_of(Turn(say="『ナルト』はいくらですか。"), criteria=CRITERIA, dimensions=DIMENSIONS, locale="ja")
SUITE = Suite((EN, JA), FACTS, RUBRIC_VALUE, Path("suite"), "0")
CONTEXT = CheckContext(FACTS, RUBRIC_VALUE, 3.0)
FAULTS = ("", "", "", "⟦no:politeness⟧", "⟦no:nothing_invented⟧", "⟦no:concise⟧⟦no:empathy⟧", "⟦no:no_needless_turns⟧")


def talks(count: int):
    """Return conversations in both languages, a fault planted in most of them."""
    for number in range(count):
        fault = FAULTS[number % len(FAULTS)]
        if number % 2:
            yield JA, transcript_of(reply(f"『ナルト』は528円でございます。お問い合わせ番号は{number}番です。{fault}"), scenario=JA)
        else:
            yield EN, transcript_of(reply(f"Naruto is ¥528 per volume, and your question has the number {number}. {fault}"), scenario=EN)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """No answer of another test is found again."""
    monkeypatch.chdir(tmp_path)


def judge_at(url: str, **settings) -> SteadyJudge:
    chosen = {
        "judge": "anthropic",
        "cache": Path(f"answers-{len(list(Path().iterdir()))}.sqlite"),
        "judge_samples": 1,
        "rubric": shipped("judges") / "rubric.yaml",
    } | settings
    judge = open_judge(Settings(**chosen), SUITE, {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": url})
    assert isinstance(judge, SteadyJudge)
    return judge


async def judgements(url: str, count: int = 14, **settings):
    """Have conversations judged side by side, and return the judgements in their order."""
    found = {}
    judge = judge_at(url, **settings)

    async def one(number, scenario, transcript):
        found[number] = await judge.judge(scenario, transcript, check(scenario, transcript, CONTEXT))

    try:
        async with judge, anyio.create_task_group() as group:
            for number, (scenario, transcript) in enumerate(talks(count)):
                group.start_soon(one, number, scenario, transcript)
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None
    return [found[number] for number in sorted(found)]


def failed(judgement):
    return sorted(item.criterion for item in judgement.verdicts if item.answer is CriterionAnswer.NOT_MET)


def failed_as_planted(number: int) -> list[str]:
    """Return the criteria whose faults were planted into a conversation."""
    return sorted(mark.removeprefix("no:") for mark in FAULTS[number % len(FAULTS)].strip("⟦⟧").split("⟧⟦") if mark)


async def test_an_honest_judge_finds_what_was_planted_and_nothing_else(serve):
    """In both languages each planted fault costs its own criterion; every token that was billed is counted."""
    api, url = serve(marked)
    found = await judgements(url)
    for number, judgement in enumerate(found):
        assert judgement.outcome is JudgementOutcome.RATED
        assert len(judgement.ratings) == len(DIMENSIONS)
        assert failed(judgement) == failed_as_planted(number)
        assert judgement.inquiry.fabricated == 0
    assert api.calls == 2 * len(found)
    bills = api.ledger.bills
    assert sum(one.usage.output_tokens for one in found) == sum(bill.output for bill in bills)
    assert sum(one.usage.prompt_tokens for one in found) == sum(bill.input + bill.cache_read + bill.cache_write_5m for bill in bills)


async def test_the_system_prompt_is_read_from_the_providers_cache(serve):
    """After the first conversation only what is its own is paid in full: two prompts are kept for all, the larger part of what is sent."""
    api, url = serve(marked)
    await judgements(url, 6, judging=1)
    prompts = {json.dumps(asked.body["system"]) for asked in api.asked}
    assert len(prompts) == 2
    assert sum(bill.cache_write_5m > 0 for bill in api.ledger.bills) == 2
    assert sum(bill.cache_read > 0 for bill in api.ledger.bills) == 10


async def test_a_biased_judge_scores_by_what_it_says(serve):
    """A judge that is kinder or harsher by half a point is, through every check of quotes and form; its scores are its own."""
    means = []
    for shift in (0.0, -0.5):
        _, url = serve(marked, Temper(distort=biased(shift)), scale=Scale.of(RUBRIC_VALUE), seed=3)
        found = await judgements(url, 28)
        assert all(one.outcome is JudgementOutcome.RATED for one in found)
        scores = [score for one in found for score in one.scores.values()]
        means.append(sum(scores) / len(scores))
    assert means[1] < means[0] - 0.2


async def test_invented_quotes_are_counted_and_not_believed(serve):
    """About one quote in ten is made up; each is asked again, and no kept quote is one of them."""
    _, url = serve(marked, MODES["quote_fabricating"], seed=1)
    found = await judgements(url, 28)
    given = sum(one.inquiry.quotes for one in found)
    share = sum(one.inquiry.fabricated for one in found) / given
    assert 0.05 < share < 0.17
    assert not any("promised by our manager" in quote.text for one in found for item in one.verdicts for quote in item.quotes)
    repaired = sum(spent.calls for one in found for spent in one.inquiry.spent if spent.purpose.endswith(":repair"))
    assert repaired > 0
    missing = [item for one in found for item in one.verdicts if item.answer is CriterionAnswer.NOT_ASSESSED]
    assert len(missing) < 0.05 * sum(len(one.verdicts) for one in found)


@pytest.mark.parametrize(
    ("temper", "outcome"),
    [
        (Temper(refuses=1.0), JudgementOutcome.REFUSED),
        (Temper(truncates=1.0), JudgementOutcome.TRUNCATED),
        *((Temper(breaks=1.0, breakages=(how,)), JudgementOutcome.INVALID) for how in BREAKAGES),
        (Temper(faults=always(Page(status=200))), JudgementOutcome.FAILED),
        (Temper(faults=always(Problem(400, "too large"))), JudgementOutcome.FAILED),
        (Temper(faults=always(Reset("before"))), JudgementOutcome.FAILED),
    ],
    ids=lambda value: getattr(value, "value", None) or "temper",
)
async def test_what_gives_no_answer_is_classified_and_never_scored(serve, temper, outcome):
    """Refused, cut, of the wrong form, or not the API at all: each has its outcome, and none a rating."""
    _, url = serve(marked, temper)
    found = await judgements(url, 2)
    assert [one.outcome for one in found] == [outcome] * 2
    assert all(one.ratings == () for one in found)
    assert all(one.note for one in found)


@pytest.mark.parametrize("mode", ["refusing", "truncating", "schema_breaking", "rate_limited"])
async def test_trouble_now_and_then_costs_its_own_conversations_only(serve, mode):
    """Whatever was answered is scored as planted; what was not is missing in part or whole, and says so."""
    _, url = serve(marked, MODES[mode], seed=2)
    found = await judgements(url, 28)
    whole = [(number, one) for number, one in enumerate(found) if len(one.ratings) == len(DIMENSIONS)]
    assert len(whole) >= 20
    for number, one in whole:
        assert failed(one) == failed_as_planted(number)
        assert not one.note
    rest = [one for one in found if len(one.ratings) < len(DIMENSIONS)]
    assert all(one.note for one in rest)
    if mode in {"refusing", "truncating"}:
        assert rest
    if mode in {"rate_limited", "schema_breaking"}:
        assert Counter(one.outcome for one in found)[JudgementOutcome.RATED] >= 27


@pytest.mark.parametrize(
    ("temper", "said"),
    [
        (MODES["wrong_model"], f"asked for {MODEL}, answered by {SECOND}"),
        (Temper(faults=always(Problem(401, "invalid x-api-key"))), "check the key"),
        (Temper(faults=always(Problem(402, "no credit"))), "credit"),
    ],
)
async def test_a_wrong_model_or_key_ends_the_run(serve, temper, said):
    """Another model than the pinned one, a key that is not taken, an account without credit: one error that names the remedy."""
    _, url = serve(marked, temper)
    with pytest.raises(JudgeError, match=said) as stopped:
        await judgements(url, 4)
    assert KEY not in str(stopped.value)


async def test_a_second_model_audits_a_fifth(serve):
    """The audited slice is asked of the second model too, is the same at every try, and moves no score."""
    slices = []
    for _ in range(2):
        api, url = serve(marked)
        found = await judgements(url, 28, judge_audit_model=SECOND)
        slices.append([number for number, one in enumerate(found) if one.inquiry.audit])
        assert all(one.inquiry.audit.differing == () for one in found if one.inquiry.audit)
        assert Counter(asked.body["model"] for asked in api.asked) == {MODEL: 56, SECOND: 2 * len(slices[-1])}
    assert slices[0] == slices[1]
    assert 2 <= len(slices[0]) <= 10


async def test_samples_beyond_the_first_are_taken_where_one_hardly_decides(serve):
    """Conversations near a threshold are asked three times for that part, the others once."""
    api, url = serve(marked)
    found = await judgements(url, 14, judge_samples=3)
    taken = [one.inquiry.samples for one in found]
    assert {count for samples in taken for count in samples.values()} == {1, 3}
    assert api.calls == sum(count for samples in taken for count in samples.values())
