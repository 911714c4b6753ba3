"""What a run intends before the first call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.evaluation.seeds import conversation_seed
from harness.records.run import LookSchedule, Purpose, SeedStream
from harness.scenarios.load import load_suite
from harness.trial.plan import confirmation, extension, first_wave, further_look, scenario_plans
from tests.fakes.scripted_target import manifest, scenario
from tests.fakes.threaded_bot import write_suite
from tests.fakes.whole_trial import RatingJudge

ROOT = Path(__file__).parents[2]
PLAN = manifest([scenario("a"), scenario("b")], repeats=3)


def test_the_first_wave_holds_every_scenario_as_often_as_planned() -> None:
    """Every scenario once before any again, each conversation with the seed that is its own for ever."""
    look = first_wave(PLAN)
    assert [(one.scenario_id, one.repeat) for one in look] == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert {one.purpose for one in look} == {Purpose.LOOK}
    assert [one.seed for one in look] == [conversation_seed(7, SeedStream.GATE, one.scenario_id, one.repeat) for one in look]
    assert len({one.seed for one in look}) == len(look)


def test_an_extension_goes_on_where_the_look_ended() -> None:
    """Totals are cumulative: only what lies beyond the first look is added, and only where it was asked for."""
    added = extension(PLAN, {"b": 5})
    assert [(one.scenario_id, one.repeat, one.purpose) for one in added] == [("b", 3, Purpose.EXTENSION), ("b", 4, Purpose.EXTENSION)]
    assert extension(PLAN, {"a": 3, "b": 1}) == ()
    assert not {one.seed for one in added} & {one.seed for one in first_wave(PLAN)}


def test_a_stream_of_its_own_shares_no_seed() -> None:
    """A baseline is measured with other seeds than the gate, whatever the run's seed."""
    other = first_wave(manifest([scenario("a"), scenario("b")], repeats=3, stream=SeedStream.BASELINE))
    assert not {one.seed for one in other} & {one.seed for one in first_wave(PLAN)}


def test_the_plan_says_what_each_scenario_is_and_what_the_judge_scores(tmp_path: Path) -> None:
    """Dimensions are the judge's, fixed beforehand; the source is relative to the suite, so that plans compare between machines."""
    suite = load_suite(write_suite(tmp_path / "suite", 2, weight=2.5), ROOT / "judges" / "rubric.yaml", ROOT / "scenarios" / "facts")

    class Narrow(RatingJudge):
        def dimensions(self, scenario):
            return () if scenario.id == "ask-00" else scenario.dimensions

    first, second = scenario_plans(suite, Narrow())
    assert (first.id, first.weight, first.cluster, first.source) == ("ask-00", 2.5, "ask-00", "ask.yaml:1")
    assert (first.dimensions, second.dimensions) == ((), ("tone_and_locale",))
    assert first.fingerprint == suite.scenarios[0].fingerprint


LOOKED = replace(PLAN, schedule=LookSchedule((1, 2, 6), 0.05, (9,), 0.01))


def test_the_first_wave_reaches_to_the_first_look() -> None:
    """Five conversations for integration, or as many as the first look at quality wants."""
    assert {one.repeat for one in first_wave(LOOKED)} == set(range(3))
    deep = replace(PLAN, schedule=LookSchedule((4, 8), 0.05))
    assert {one.repeat for one in first_wave(deep)} == set(range(4))


def test_a_further_look_is_cumulative() -> None:
    """It names every conversation up to its repeats, repeat by repeat, those of earlier looks too, with the seeds that they always had."""
    look = further_look(LOOKED, {"a": 2, "b": 2})
    assert [(one.scenario_id, one.repeat) for one in look] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert set(look) <= set(first_wave(LOOKED))
    assert further_look(LOOKED, {}) == ()


def test_added_conversations_never_take_the_number_of_a_look() -> None:
    """Extensions lie behind every look that may come, the planned extension's included, and confirmations behind all of them."""
    added, fresh = extension(LOOKED, {"a": 20}), confirmation(LOOKED, {"a": 4, "b": 4})
    assert [one.repeat for one in added] == list(range(9, 26))
    assert {one.purpose for one in fresh} == {Purpose.CONFIRMATION}
    assert [one.scenario_id for one in fresh] == ["a"] * 4 + ["b"] * 4
    assert min(one.repeat for one in fresh) > 1000
    every = {one.seed for one in (*added, *fresh, *further_look(LOOKED, {"a": 9, "b": 9}))}
    assert len(every) == len(added) + len(fresh) + 18
