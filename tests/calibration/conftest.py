"""A drawn sample of hostile and bilingual conversations, and the page in which people rate it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pytest

from harness.calibration.calibration import ArmSource
from harness.calibration.form import Shown, form_page
from harness.calibration.sample import Candidate, Judged, Sample, draw
from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.judging.material import MaterialRoom
from harness.package_data import shipped
from harness.scenarios.load import Suite, load_suite
from harness.targets.protocol import Attempt, FailureKind, Owner, Reply, TargetIdentity, TransportFailure

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">"
    "\u202eevil\u202c <!-- <style>body{display:none}</style> \u200bzero ' \" & \x1b[31m \u2028 end"
)
JAPANESE = "『ナルト』は全72巻で、1冊572円です。\nご注文はお決まりですか？ 👩‍👩‍👧 直"


@dataclass(frozen=True)
class Drawn:
    """A sample, what people see of it, and the page."""

    sample: Sample
    shown: tuple[Shown, ...]
    suite: Suite

    @cached_property
    def page(self) -> str:
        return form_page(self.sample, self.shown, self.suite.rubric, MaterialRoom(self.suite.facts))


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Twenty conversations of both languages, the bot hostile in some and silent in one."""
    suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
    chosen = [next(one for one in suite.scenarios if one.locale == locale and one.intent == "product_question") for locale in ("en", "ja")]
    judged = Judged("a judge", "a" * 16, suite.rubric.fingerprint, "2026-11-01T00:00:00Z", (ArmSource(arm="green", run="r1", build=None),))
    candidates = [
        Candidate(arm, one.id, repeat, one.locale, one.cluster, dict.fromkeys(one.dimensions, 1 + repeat))
        for arm in ("green", "SECRET-ARM")
        for one in chosen
        for repeat in range(5)
    ]
    sample = draw(candidates, judged, 20)
    by_id = {one.id: one for one in chosen}
    return Drawn(
        sample, tuple(Shown(one, by_id[one.scenario], _held(one.scenario, one.repeat, one.language)) for one in sample.drawn), suite
    )


def _held(scenario: str, repeat: int, language: str) -> Transcript:
    text = HOSTILE if language == "en" else JAPANESE
    payload = {"products": [{"id": "one-piece"}], "passages": [{"id": HOSTILE, "text": HOSTILE}], "text": text}
    answered = Exchange(1, "How much? </textarea>", Reply(text, 200, payload, 0.1, "SECRET-BUILD"), None, (Attempt("answered", 0.0),))
    failure = TransportFailure(FailureKind.CUT, Owner.TARGET, "the connection closed")
    silent = Exchange(2, "Hello?", None, failure, (Attempt("cut", 0.0),))
    target = TargetIdentity("SECRET-ARM", "http://127.0.0.1:1")
    return Transcript(scenario, repeat, 1, target, (answered, silent), EndReason.COMPLETED)
