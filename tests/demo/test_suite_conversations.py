"""The shop and the suite that ships with it, held against each other in this process."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections import Counter
from collections.abc import Generator, Mapping

import pytest

from harness.conversations.speaker import Line, ScriptedSpeaker
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.demo.defects import DEFECTS, Defect
from harness.demo.shop import FACT_FILES, Message, Shop, ShopPlan
from harness.evaluation.seeds import conversation_seed
from harness.expectations.check import CheckContext, check
from harness.expectations.finding import Finding, FindingOutcome
from harness.facts import load_facts
from harness.package_data import shipped
from harness.records.run import SeedStream
from harness.scenarios.load import Suite, load_suite
from harness.scenarios.model import Scenario
from harness.targets.protocol import FailureKind, Owner, Reply, TargetIdentity, TransportFailure
from tests.demo.conftest import FOLDER

Checked = tuple[Scenario, Transcript, tuple[Finding, ...]]
REPEATS = 3
LEAST_EXPOSED = 4
"""Scenarios in which a defect with `must` findings has to show."""
REPLY_WITHIN_S = 1.5


@functools.cache
def suite() -> Suite:
    return load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")


@functools.cache
def context() -> CheckContext:
    return CheckContext(load_facts(FOLDER, FACT_FILES), suite().rubric, REPLY_WITHIN_S)


def said(speaker: ScriptedSpeaker, turn: int) -> Line | EndReason:
    """Return what a script says, which waits for nobody, without an event loop."""
    try:
        speaker.say(turn).send(None)
    except StopIteration as done:
        found: Line | EndReason = done.value
        return found
    raise AssertionError("a script waited")


def held(shop: Shop, scenario: Scenario, repeat: int) -> Transcript:
    """Hold one conversation without a socket."""
    seed = conversation_seed(1, SeedStream.GATE, scenario.id, repeat)
    speaker, exchanges = ScriptedSpeaker(scenario.turns), []
    for turn in itertools.count(1):
        line = said(speaker, turn)
        if isinstance(line, EndReason):
            ended = line
            break
        response = shop.answer(Message(f"{scenario.id}#{repeat}", line.text, scenario.locale, seed, scenario.setup.get("customer")))
        if response.status != 200 or response.cut:
            failure = TransportFailure(FailureKind.SERVER_ERROR, Owner.TARGET, "no whole answer", response.status)
            exchanges.append(Exchange(turn, line.text, None, failure, ()))
            ended = EndReason.TARGET_FAILURE
            break
        reply = Reply(response.body["text"], response.status, dict(response.body), response.delay_s, response.build)
        exchanges.append(Exchange(turn, line.text, reply, None, ()))
        speaker.hear(turn, reply)
    return Transcript(scenario.id, repeat, seed, TargetIdentity("shop", "in-process"), tuple(exchanges), ended)


def checked(rates: Mapping[str, float], repeats: int) -> Generator[Checked]:
    """Hold the whole suite against a shop and check every conversation, one after the other as they are wanted."""
    shop = Shop(ShopPlan("green", FOLDER, rates), context().facts)
    try:
        for scenario in suite().scenarios:
            for repeat in range(repeats):
                transcript = held(shop, scenario, repeat)
                yield scenario, transcript, check(scenario, transcript, context())
    finally:
        shop.close()


@functools.cache
def healthy() -> tuple[Checked, ...]:
    return tuple(checked({}, REPEATS))


def fails(findings: tuple[Finding, ...]) -> bool:
    return any(finding.failed_must for finding in findings)


def test_the_healthy_shop_does_what_the_suite_asks() -> None:
    """At least 99 % of the conversations meet every `must`, and those of `must_pass` scenarios all do."""
    total, failed = 0, []
    for scenario, transcript, findings in healthy():
        total += 1
        if fails(findings) or transcript.failed:
            failed.append((scenario.id, [finding.evidence for finding in findings if finding.failed_must]))
            assert not scenario.must_pass, failed
    assert len(failed) <= 0.01 * total, failed


def test_the_healthy_shop_has_flaws_that_a_judge_can_find() -> None:
    """Between 10 and 30 % of the conversations miss something that is no `must`."""
    flawed = [any(finding.outcome is FindingOutcome.UNMET for finding in findings) for _, _, findings in healthy()]
    assert 0.10 < sum(flawed) / len(flawed) < 0.30


@pytest.mark.parametrize("defect", [one for one in DEFECTS if one.caught_by == "integration"], ids=lambda one: one.name)
def test_every_defect_with_must_findings_is_exposed_by_the_suite(defect: Defect) -> None:
    """At rate 1 it fails conversations of at least four scenarios, and not only by luck."""
    with contextlib.closing(checked({defect.name: 1.0}, 1)) as conversations:
        exposed = (scenario.id for scenario, transcript, findings in conversations if fails(findings) or transcript.failed)
        assert len(list(itertools.islice(exposed, LEAST_EXPOSED))) == LEAST_EXPOSED


@pytest.mark.parametrize("defect", [one for one in DEFECTS if one.caught_by == "quality"], ids=lambda one: one.name)
def test_every_soft_defect_shows_widely_and_fails_no_must(defect: Defect) -> None:
    """It is visible in at least 40 scenarios, and integration has nothing to say about it."""
    missed: Counter[str] = Counter()
    for scenario, _, findings in checked({defect.name: 1.0}, 1):
        broken = [finding for finding in findings if finding.failed_must]
        assert not broken or scenario.intent in {"recommendation", "product_discovery"}, broken
        missed[scenario.id] += any(finding.outcome is FindingOutcome.UNMET for finding in findings)
    assert sum(count > 0 for count in missed.values()) >= 40
