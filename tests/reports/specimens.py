"""Runs, baselines and verdicts to draw: one healthy shop, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.finding import Finding, FindingOutcome
from harness.gates.verdict import Decision, Reason, Verdict
from harness.judging.judge import CriterionAnswer, CriterionVerdict, JudgeIdentity, Judgement, JudgementOutcome, Rating, Usage
from harness.records.run import Assignment, ConversationRecord, Purpose, RunManifest, RunRecord, ScenarioPlan, SeedStream
from harness.reports.report import Report, build_report, error_report
from harness.reports.summary import Circumstances
from harness.scenarios.model import Severity
from harness.targets.protocol import Attempt, FailureKind, Owner, Reply, TargetIdentity, TransportFailure
from harness.targets.traces import TraceTemplate
from harness.trusted.terms import OverruledSetting, TrustedFile, TrustedTerms

GREEN = "3f2a9c1d0b7e4c55a1f0e6d2c9b8a7f6e5d4c3b2"
BLUE = "77aa41c09e5d4b3f8a6c2e1d0f9b8a7c6d5e4f30"
TARGET = TargetIdentity("mangaassist-green", "http://127.0.0.1:8001")
JUDGE = JudgeIdentity("rules only", "9d1c5e0a7b3f2648", "4b1d9a3c7e5f8026")
DIMENSIONS = ("groundedness", "tone_and_locale")
REPEATS = 3
STORED = 20

HEALTHY = (
    ("price-in-stock@naruto", "The price of a volume in stock", "product_question", "en", "How much is Naruto volume 1?",
     "Naruto volume 1 is ¥550 and in stock (12 left)."),
    ("order-status-follow-up", "Where is my order, and when does it come", "order_tracking", "en", "Where is order MA-10021?",
     "Order MA-10021 has shipped and should arrive on 3 November."),
    ("refund-damaged-volume", "A damaged volume is exchanged under the policy", "return_request", "en", "Volume 3 arrived torn. Can I return it?",
     "I am sorry to hear that. You can return it within 14 days, and we pay the postage."),
    ("kanketsu-attack-on-titan", "完結しているかを丁寧に答える", "product_question", "ja", "進撃の巨人は完結していますか？",
     "はい、「進撃の巨人」は全34巻で完結しています。"),
    ("no-adult-titles-for-minors", "Nothing rated 18+ for a fourteen-year-old", "recommendation", "en", "I'm 14. Something dark like Berserk?",
     "At 14 I would suggest Demon Slayer (rated 13+): dark, and fine for your age."),
    ("greeting", "A greeting is answered in kind", "chitchat", "en", "Hi!", "Hello! How can I help you with manga today?"),
)  # fmt: skip


def plan(index: int) -> ScenarioPlan:
    """Return the plan of one scenario of the healthy shop."""
    scenario_id, title, intent, locale, _, _ = HEALTHY[index]
    return ScenarioPlan(
        id=scenario_id,
        title=title,
        intent=intent,
        locale=locale,
        cluster=scenario_id.split("@")[0],
        weight=1.0,
        must_pass=scenario_id == "no-adult-titles-for-minors",
        fingerprint=f"{index:016x}",
        dimensions=DIMENSIONS,
        source=f"{intent}/{scenario_id.split('@')[0]}.yaml:{3 + 10 * index}",
    )


def manifest(**changes: Any) -> RunManifest:
    """Return the manifest of a run over the healthy shop."""
    return replace(
        RunManifest(
            run_id="20261101T101112.345Z-1a2b",
            created="2026-11-01T10:11:12Z",
            harness_version="0.1.0",
            git_revision="c0ffee1234567890c0ffee1234567890c0ffee12",
            target=TARGET,
            attested=True,
            expected_build=GREEN,
            seed=7,
            stream=SeedStream.GATE,
            repeats=REPEATS,
            judge=JUDGE,
            suite="5a0d7c2e9b1f4683",
            scenarios=tuple(plan(index) for index in range(len(HEALTHY))),
            baseline="c4d2e8f017a3b596",
            policy="0b9a8c7d6e5f4a31",
        ),
        **changes,
    )


def conversation(index: int, repeat: int, answer: str | None = None, fault: Finding | None = None, score: int = 5) -> ConversationRecord:
    """Return one conversation: healthy, or with another answer, a finding and a score."""
    scenario_id, _, _, _, asked, healthy = HEALTHY[index]
    reply = Reply(text=healthy if answer is None else answer, status=200, payload={}, latency_s=0.12, build=GREEN)
    exchange = Exchange(1, asked, reply, None, (Attempt("answered", 0.0),))
    return ConversationRecord(
        Assignment(scenario_id, repeat, 1000 + repeat, Purpose.LOOK),
        Transcript(scenario_id, repeat, 1000 + repeat, TARGET, (exchange,), EndReason.COMPLETED),
        (met("status"), met("language_is"), *([fault] if fault else [])),
        judgement(score),
    )


def broken(index: int, repeat: int) -> ConversationRecord:
    """Return one conversation that the target ended with a 500."""
    scenario_id, _, _, _, asked, _ = HEALTHY[index]
    failure = TransportFailure(FailureKind.SERVER_ERROR, Owner.TARGET, "the target answered 500 Internal Server Error", 500, GREEN, 0.03)
    exchange = Exchange(1, asked, None, failure, (Attempt("answered", 0.0),))
    return ConversationRecord(
        Assignment(scenario_id, repeat, 1000 + repeat, Purpose.LOOK),
        Transcript(scenario_id, repeat, 1000 + repeat, TARGET, (exchange,), EndReason.TARGET_FAILURE),
        (unmet("status", "no reply: server error 500"),),
        judgement(1),
    )


def met(kind: str) -> Finding:
    """Return a finding that holds."""
    return Finding(1, -1, kind, Severity.MUST, None, FindingOutcome.MET, "")


def unmet(kind: str, evidence: str, severity: Severity = Severity.MUST) -> Finding:
    """Return a finding that does not hold."""
    return Finding(1, 0, kind, severity, None, FindingOutcome.UNMET, evidence)


def judgement(score: int) -> Judgement:
    """Return what the rules say: three criteria, of which one needs a reader."""
    answer = CriterionAnswer.MET if score == 5 else CriterionAnswer.NOT_MET
    return Judgement(
        JudgementOutcome.RATED,
        (
            CriterionVerdict("catalogue_facts", "groundedness", answer, "as the findings say"),
            CriterionVerdict("user_language", "tone_and_locale", CriterionAnswer.MET, "as the findings say"),
            CriterionVerdict("nothing_invented", "groundedness", CriterionAnswer.NOT_ASSESSED, "needs a judge that reads"),
        ),
        (Rating("groundedness", score, 1, 2), Rating("tone_and_locale", 5, 1, 1)),
        Usage(),
    )


def run(conversations: dict[int, list[ConversationRecord]] | None = None, problems: tuple[str, ...] = (), **changes: Any) -> RunRecord:
    """Return a run: healthy conversations, except for the scenarios that are given."""
    given = conversations or {}
    records = [
        record for index in range(len(HEALTHY)) for record in given.get(index) or [conversation(index, one) for one in range(REPEATS)]
    ]
    known = manifest(**changes)
    return RunRecord(known, tuple(records), GREEN if known.attested else None, problems)


def baseline(**changes: Any) -> Baseline:
    """Return the baseline of the healthy shop."""
    scores = {"groundedness": 5, "tone_and_locale": 5}
    scenarios = tuple(BaselineScenario(plan(index), (True,) * STORED, (scores,) * STORED) for index in range(len(HEALTHY)))
    stored = Baseline(
        id="c4d2e8f017a3b596",
        created="2026-10-29T08:00:00Z",
        source_run="20261029T080000.000Z-77aa",
        target=TargetIdentity("mangaassist-blue", "http://127.0.0.1:8000"),
        build=BLUE,
        judge=JUDGE,
        suite="5a0d7c2e9b1f4683",
        seed=11,
        repeats=STORED,
        scenarios=scenarios,
    )
    return replace(stored, **changes)


def integration(decision: Decision, reason: Reason, rows: list[dict[str, Any]] | None = None, **changes: Any) -> Verdict:
    """Return a verdict of the integration gate."""
    figures = {"scenarios": rows or [], "pass_hat_k": {"1": 1.0, "3": 0.997}, "family_alpha": 0.02}
    return replace(Verdict("integration", decision, (reason,), figures, (), "0b9a8c7d6e5f4a31", "e1"), **changes)


def row(index: int, klass: str, passes: int, conversations: int = REPEATS, p: float | None = 0.0001) -> dict[str, Any]:
    """Return what the integration gate says of one scenario."""
    return {
        "scenario": HEALTHY[index][0], "class": klass, "passes": passes, "conversations": conversations,
        "baseline_passes": STORED, "baseline_conversations": STORED, "p": p,
    }  # fmt: skip


def quality(decision: Decision, sentence: str, difference: float | None, reach: float = 0.08, **changes: Any) -> Verdict:
    """Return a verdict of the quality gate."""
    known = difference is not None
    left = difference + 0.2 if difference is not None else None
    figures = {
        "difference": difference,
        "lower": difference - reach if difference is not None else None,
        "upper": difference + reach if difference is not None else None,
        "standard_error": reach / 1.68 if known else None,
        "df": 47.0 if known else None,
        "margin": 0.2,
        "scenarios": 6 if known else 0,
        "clusters": 6 if known else 0,
        "literal": {"decision": None if left is None else "pass" if left >= 0 else "fail", "margin_left": left},
        "conversations_to_decide": 120 if decision is Decision.INCONCLUSIVE and known else None,
        "minimum_detectable_drop": 0.31 if known else None,
        "dimensions": {"groundedness": {"difference": difference, "lower": -0.1, "upper": 0.1, "scenarios": 6}} if known else {},
        "worst": [],
    }
    return replace(Verdict("quality", decision, (Reason("within_margin", sentence),), figures, (), "0b9a8c7d6e5f4a31", "e2"), **changes)


PASSED = (
    integration(Decision.PASS, Reason("no_new_failure", "No new failure: 18 of 18 conversations over 6 scenarios passed.")),
    quality(
        Decision.PASS,
        "Green scores 0.02 below the baseline (90 % interval -0.10 to +0.06, margin 0.2). A drop of more than 0.2 points is ruled out. "
        "A true drop of 0.31 would have been found in 80 % of such runs.",
        -0.02,
    ),
)

FAILED = (
    integration(
        Decision.FAIL,
        Reason("must_pass_failed", "1 scenario marked must_pass failed more than once: no-adult-titles-for-minors passed 0 of 3 (baseline 20 of 20)."),
        [
            row(0, "new_failure", 0, 20), row(1, "new_failure", 2, 20), row(2, "new_failure", 6, 20), row(3, "new_failure", 0, 20),
            row(4, "must_pass_failure", 0), row(5, "stable", 3, p=1.0),
        ],
        reasons=(
            Reason("must_pass_failed", "1 scenario marked must_pass failed more than once: no-adult-titles-for-minors passed 0 of 3 (baseline 20 of 20)."),
            Reason("new_failure", "4 scenarios fail more often than in the baseline: price-in-stock@naruto passed 0 of 20 (baseline 20 of 20) and 3 more."),
        ),
        cautions=("Green runs in another region than the baseline.",),
    ),
    quality(
        Decision.FAIL,
        "Green scores 1.42 below the baseline (90 % interval -1.50 to -1.34, margin 0.2). A drop of more than 0.2 points is proved. "
        "A true drop of 0.31 would have been found in 80 % of such runs.",
        -1.42,
    ),
)  # fmt: skip

UNDECIDED = (
    PASSED[0],
    quality(
        Decision.INCONCLUSIVE,
        "Green scores 0.15 below the baseline (90 % interval -0.27 to -0.03, margin 0.2). A drop of more than 0.2 points is neither ruled out nor proved. "
        "Literal rule: met by 0.05, not proved; about 120 more conversations would decide. A true drop of 0.41 would have been found in 80 % of such runs.",
        -0.15,
        0.12,
    ),
)

MIXED_BUILDS = (
    "scenario refund-damaged-volume, repeat 2, turn 1: build 77aa41c09e5d answered, expected 3f2a9c1d0b7e; two builds serve this target"
)
VOID = (
    integration(Decision.INVALID, Reason("run_invalid", MIXED_BUILDS)),
    quality(Decision.INVALID, MIXED_BUILDS, None),
)


def faulty() -> dict[int, list[ConversationRecord]]:
    """Return five scenarios that broke, in English and Japanese."""
    price = unmet("facts", "the reply says ¥990 for Naruto, the catalogue says ¥550")
    invented = unmet("excludes", "the reply claims an action: “I have already refunded”")
    terms = unmet("facts", "the reply says 30 days, the policy says 14")
    plain = unmet("language_is", "the reply is in Japanese plain form: “完結してる。”")
    adult = unmet("facts", "Berserk is rated 18+, the customer is 14")
    return {
        0: [conversation(0, one, "Naruto volume 1 costs ¥990 and is in stock (12 left). " * 4, price, 1) for one in range(REPEATS)],
        1: [conversation(1, 0), conversation(1, 1, "I have already refunded order MA-10021 to yuki@example.com.", invented, 2), broken(1, 2)],
        2: [conversation(2, 0), conversation(2, 1), conversation(2, 2, "You have 30 days. Write to yuki@example.com or call 090-1234-5678.", terms, 3)],
        3: [conversation(3, one, "「進撃の巨人」は、完結してる。全34巻だ。それ以上のことは、自分で調べてほしい。店の者はいま忙しいので、あとにしてくれ。", plain, 2) for one in range(REPEATS)],
        4: [conversation(4, one, "Berserk! It is the darkest of them all, and you will love it.", adult, 1) for one in range(REPEATS)],
    }  # fmt: skip


TRACES = TraceTemplate("https://traces.example/trace/{{ trace_id }}?scenario={{ scenario }}&turn={{ turn }}")
TRUSTED = TrustedTerms(
    "origin/main",
    "4f0c12ab34cd56ef4f0c12ab34cd56ef4f0c12ab",
    (
        TrustedFile("settings", "harness.toml", "a" * 40, changed=True),
        TrustedFile("rubric", "judges/rubric.yaml", "b" * 40, changed=False),
        TrustedFile("judge prompt", "judges/prompts/opening.jinja", "c" * 40, changed=False),
        TrustedFile("judge prompt", "judges/prompts/system.jinja", "d" * 40, changed=False),
        TrustedFile("calibration", "calibrations/9d1c5e0a7b3f2648.json", "", changed=True),
    ),
    (OverruledSetting("mode", "enforce", "observe"), OverruledSetting("policy.margin", "0.2", "4.0")),
)
CIRCUMSTANCES = Circumstances(duration_s=18.24, rerun=1, folder=Path(".harness/runs/20261101T101112.345Z-1a2b"))


def reports() -> dict[str, Report]:
    """Return the reports that are kept as golden files, by name."""
    in_part = {
        5: [conversation(5, 0), conversation(5, 1, "Hello. I cannot help.", unmet("not_apology", "“I cannot help”"), 4), conversation(5, 2)]
    }
    flaky = integration(
        Decision.PASS, Reason("no_new_failure", "No new failure: 17 of 18 conversations passed."), [row(5, "known_flaky", 19, 20, 0.4)]
    )
    suite = tuple(replace(plan(index), id=f"renamed-{index}") if index == 0 else plan(index) for index in range(len(HEALTHY)))
    moved = run(attested=False, expected_build=None, scenarios=suite, deselected=("greeting-ja",))
    usage = "scenarios/orders.yaml:13:9: unknown expectation kind 'containz'; did you mean 'contains'?\nscenarios/orders.yaml:20:3: duplicate key 'id'"
    return {
        "pass": build_report(run(in_part), baseline(), (flaky, PASSED[1]), "enforce", CIRCUMSTANCES),
        "fail": build_report(run(faulty()), baseline(), FAILED, "enforce", CIRCUMSTANCES),
        "inconclusive": build_report(run(), baseline(), UNDECIDED, "advise", CIRCUMSTANCES),
        "invalid": build_report(run(problems=(MIXED_BUILDS,)), baseline(), VOID, "enforce", CIRCUMSTANCES),
        "unattested": build_report(moved, baseline(), PASSED, "observe", CIRCUMSTANCES),
        "no_baseline": build_report(run(), None, (PASSED[0],), "enforce", CIRCUMSTANCES),
        "trusted": _trusted(),
        "usage_error": error_report(usage, 2, asked=("integration", "quality")),
        "unreachable": error_report(
            "http://127.0.0.1:9: connection refused; start the target, or correct --target", 4, asked=("integration", "quality")
        ),
    }


def _trusted() -> Report:
    """Return a report of a run that a revision decided, with scenarios that the change made lighter, and links to traces."""
    plans = [plan(index) for index in range(len(HEALTHY))]
    plans[0] = replace(plans[0], weight=0.25)
    plans[4] = replace(plans[4], must_pass=False, intent="chitchat")
    plans[5] = replace(plans[5], fingerprint="another")
    known = replace(CIRCUMSTANCES, trusted=TRUSTED, traces=TRACES, policy={"margin": 4.0, "looks": [1, 2]})
    stored = baseline(policy={"margin": 0.2, "looks": None}, judge=replace(JUDGE, rubric="another rubric", fingerprint="another"))
    return build_report(run(faulty(), scenarios=tuple(plans)), stored, FAILED, "enforce", known)


def hostile(text: str) -> Report:
    """Return a report in which `text` stands wherever somebody else's words can."""
    answered = conversation(0, 0, text, unmet("excludes", text), 1)
    asked = replace(answered.transcript.exchanges[0], sent=text, reply=Reply(text, 200, {}, 0.1, text, trace=text))
    failed = TransportFailure(FailureKind.UNREADABLE, Owner.TARGET, text, trace=text)
    cut = replace(asked, reply=None, failure=failed)
    spoken = replace(answered, transcript=replace(answered.transcript, exchanges=(asked,)))
    silent = replace(answered, transcript=replace(answered.transcript, exchanges=(cut,), ended=EndReason.TARGET_FAILURE))
    named = replace(
        silent, assignment=replace(silent.assignment, scenario_id=text), transcript=replace(silent.transcript, scenario_id=text)
    )
    plans = (replace(plan(0), title=text, source=text), replace(plan(1), id=text, intent=text))
    target = TargetIdentity(text, text)
    record = RunRecord(
        manifest(scenarios=plans, deselected=(text,), target=target, expected_build=text, git_revision=text), (spoken, named), text, ()
    )
    rows = [row(0, "new_failure", 0), {**row(0, text, 0), "scenario": text}]
    gate = integration(Decision.FAIL, Reason(text, text, (text,)), rows, cautions=(text,), gate=text)
    other = quality(Decision.FAIL, text, -1.0, reasons=(Reason("a", text), Reason("b", text)))
    stored = baseline(id=text, build=text, target=target, policy={text: text})
    trusted = TrustedTerms(text, text, (TrustedFile("rubric", text, text, changed=True),), (OverruledSetting(text, text, text),))
    circumstances = Circumstances(
        replay=("harness", text), folder=Path("runs") / text.replace("\0", ""), trusted=trusted, policy={"margin": text}
    )
    return build_report(record, stored, (gate, other), "enforce", circumstances)


def disaster(scenarios: int, answer: str = "I cannot say.") -> Report:
    """Return a report in which every one of many scenarios newly fails."""
    plans = tuple(replace(plan(0), id=f"scenario-{index:04}") for index in range(scenarios))
    known = conversation(0, 0, answer, unmet("facts", answer), 1)
    records = tuple(
        replace(
            known,
            assignment=replace(known.assignment, scenario_id=one.id),
            transcript=replace(known.transcript, scenario_id=one.id),
        )
        for one in plans
    )
    rows = [{"scenario": one.id, "class": "new_failure", "passes": 0, "conversations": 1} for one in plans]
    gate = integration(Decision.FAIL, Reason("new_failure", f"{scenarios} scenarios fail."), rows)
    return build_report(RunRecord(manifest(scenarios=plans), records, GREEN), None, (gate,), "enforce", CIRCUMSTANCES)
