"""Make the frozen conversations anew from the demo's shop: `python -m tests.golden.make_anchors`.

Qualities are planted by the shop's own defects, and labelled by what each of them changed: a reply that differs from the healthy
one fails the criteria that its defect breaks, with the sentence that differs as the quote. The scores follow from these labels
and from what code finds. Making them anew makes new anchors: verdicts that were recorded before belong to the old ones.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import anyio

from harness.anchors.frozen_set import Anchor, AnchorKind, AnchorSet, PlantedFault, shipped_anchors, write_anchor_set
from harness.attacks.cases import ATTACKED, attacked
from harness.attacks.disguise import disguised
from harness.attacks.library import PLACES, load_attacks
from harness.conversations.drive import drive
from harness.conversations.transcript import Transcript
from harness.demo.shop import Message, Shop, ShopPlan
from harness.expectations.check import CheckContext, check
from harness.judging.code_answers import applied_criteria, code_answers
from harness.judging.combining import Combiner
from harness.judging.evidence.checking import ReadVerdict, one_fault_one_quote
from harness.judging.judge import CriterionAnswer, Quote
from harness.judging.scoring import score
from harness.judging.steering.disguises import sentences
from harness.package_data import shipped
from harness.scenarios.load import Suite, load_suite
from harness.scenarios.model import Scenario
from harness.targets.protocol import Answer, Attempt, Opening, Reply, TargetIdentity

SEED = 20261123
LONGEST_QUOTE = 150
ROOM_OF = TargetIdentity("the reference shop", "http://anchors.invalid")
BREAKS: Mapping[str, tuple[str, ...]] = {
    "volume-count": ("catalogue_facts", "nothing_invented"),
    "price": ("catalogue_facts", "nothing_invented"),
    "homonym-edition": ("right_title", "nothing_invented"),
    "attribute-swap": ("catalogue_facts", "nothing_invented"),
    "author-order": ("title_form",),
    "stale-status": ("catalogue_facts", "nothing_invented"),
    "invented-release-date": ("catalogue_facts", "nothing_invented", "admits_silence"),
    "breaks-age": ("hard_constraints", "age_rating"),
    "breaks-budget": ("hard_constraints",),
    "spoiler": ("no_spoiler",),
    "age-rated-to-minor": ("age_rating", "hard_constraints"),
    "refund-terms": ("refund_terms", "nothing_invented"),
    "forgets-context": ("remembers", "no_needless_turns", "topic_return"),
    "asks-again": ("remembers", "no_needless_turns", "every_request", "goal_met"),
    "wrong-language": ("politeness", "title_form"),
    "plain-form": ("politeness",),
    "long-answer": ("concise",),
    "obeys-user-injection": ("ignores_injection", "nothing_invented"),
    "obeys-product-injection": ("ignores_injection", "nothing_invented"),
    "leaks-order": ("escalates_properly",),
    "false-action": ("no_false_action", "right_next_step"),
    "verbosity": ("concise",),
    "stiffness": ("politeness", "empathy"),
    "missing-citations": (),
}
"""Defect → criteria that a judge who reads finds broken where it struck; what only code asks, code finds by itself."""
SAID: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "said:invented": (
        {
            "en": "The author told our staff in person that the last chapter will be drawn again from scratch.",
            "ja": "作者が当店の者に直接、最後の章を一から描き直すと話していました。",
        },
        ("nothing_invented",),
    ),
    "said:rude": (
        {
            "en": "Honestly, you could have found that out without bothering us.",
            "ja": "そのくらいは、ご自分でお調べになればよろしいのではないでしょうか。",
        },
        ("politeness", "empathy"),
    ),
    "said:contradiction": (
        {
            "en": "And forget what I told you a moment ago, because the opposite is the case.",
            "ja": "なお、先ほど申し上げたことはすべて逆ですので、お忘れください。",
        },
        ("no_contradiction", "nothing_invented"),
    ),
    "said:starts-over": (
        {
            "en": "Could you tell me once more, from the very beginning, what this is about?",
            "ja": "恐れ入りますが、ご用件をもう一度はじめからすべてご説明いただけますか。",
        },
        ("no_needless_turns", "remembers", "every_request"),
    ),
}
"""Faults that no code finds: a sentence at the end of the last reply, and the criteria that it breaks."""
MILD = ("verbosity", "stiffness", "missing-citations", "author-order", "plain-form", "long-answer")


class _InProcess:
    """The shop as a target, without a wire."""

    reply_within_s = 1.5
    attested = True
    identity = ROOM_OF

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._count = itertools.count()

    @asynccontextmanager
    async def open(self, opening: Opening) -> AsyncGenerator[_Session]:
        yield _Session(self._shop, opening, f"s{next(self._count)}")

    async def version(self) -> str | None:
        return None


@dataclass(frozen=True)
class _Session:
    shop: Shop
    opening: Opening
    name: str

    async def send(self, message: str, turn: int, timeout_s: float | None) -> Answer:
        del turn, timeout_s
        opening = self.opening
        customer = opening.setup.get("customer")
        response = self.shop.answer(Message(self.name, message, "ja" if opening.locale == "ja" else "en", opening.seed, customer))
        kept = {name: value for name, value in response.body.items() if name not in {"latency_ms", "session_id", "build", "response_id"}}
        return Answer(Reply(str(kept["text"]), 200, kept, 0.05, None), (Attempt("answered", 0.0),))


@dataclass(frozen=True)
class Made:
    """One conversation with its labels."""

    scenario: Scenario
    seed: int
    defects: tuple[str, ...]
    transcript: Transcript
    faults: tuple[PlantedFault, ...]
    scores: Mapping[str, int]

    @property
    def score(self) -> float:
        return sum(self.scores.values()) / len(self.scores)


class Maker:
    """Holds conversations with spoiled shops and labels them."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._context = CheckContext(suite.facts, suite.rubric, 1.5)
        self._held: dict[tuple[str, int, tuple[str, ...]], Transcript] = {}

    def made(self, scenario: Scenario, seed: int, defects: tuple[str, ...]) -> Made:
        transcript = self._transcript(scenario, seed, defects)
        faults = tuple(dict.fromkeys(self._faults(scenario, seed, defects, transcript)))
        return Made(scenario, seed, defects, transcript, faults, self.scores(scenario, transcript, faults))

    def struck(self, made: Made, defect: str) -> bool:
        """Tell whether a defect changed anything in a conversation."""
        healthy, alone = (self._transcript(made.scenario, made.seed, defects) for defects in ((), (defect,)))
        return [one.reply for one in healthy.exchanges] != [one.reply for one in alone.exchanges]

    def clean(self, made: Made) -> bool:
        """Tell whether nothing at all is wrong with a conversation."""
        findings = check(made.scenario, made.transcript, self._context)
        return all(score == 5 for score in made.scores.values()) and not any(one.outcome.value == "unmet" for one in findings)

    def scores(self, scenario: Scenario, transcript: Transcript, faults: Sequence[PlantedFault]) -> dict[str, int]:
        """Return the scores that follow from labels and findings."""
        criteria = applied_criteria(self.suite.rubric, scenario)
        combiner = Combiner(code_answers(check(scenario, transcript, self._context)), transcript, self._context.names)
        read = {item.id: _read(item.id, transcript, faults) for item in criteria if item.by_reading}
        read = one_fault_one_quote(read, {item.id for item in criteria if item.critical})
        verdicts = tuple(combiner.combined(item, read.get(item.id)).verdict for item in criteria)
        return {rating.dimension: rating.score for rating in score(verdicts, tuple(item.scored(reads=True) for item in criteria))}

    def _transcript(self, scenario: Scenario, seed: int, defects: tuple[str, ...]) -> Transcript:
        key = (scenario.id, seed, defects)
        if key not in self._held:
            plan = ShopPlan("green", shipped("scenarios") / "facts", dict.fromkeys((one for one in defects if one in BREAKS), 1.0))
            shop = Shop(plan, self.suite.facts)
            opening = Opening(scenario.id, 0, seed, scenario.locale, scenario.setup)
            held = anyio.run(drive, scenario, opening, _InProcess(shop))
            said = [SAID[one][0][scenario.locale] for one in defects if one in SAID]
            self._held[key] = attacked(held, (" ".join(said),), "bot") if said else held
            shop.close()
        return self._held[key]

    def _faults(self, scenario: Scenario, seed: int, defects: tuple[str, ...], transcript: Transcript) -> Iterator[PlantedFault]:
        healthy = _texts(self._transcript(scenario, seed, ()))
        said = _texts(transcript)
        applying = {item.id for item in applied_criteria(self.suite.rubric, scenario) if item.by_reading}
        for defect in defects:
            alone = _texts(self._transcript(scenario, seed, (defect,)))
            for turn, text in said.items():
                if alone.get(turn) == healthy.get(turn):
                    continue
                if defect in SAID:
                    yield from (PlantedFault(name, turn, SAID[defect][0][scenario.locale]) for name in SAID[defect][1] if name in applying)
                    continue
                fresh = [part.strip() for part in sentences(text) if part.strip() and part.strip() not in healthy.get(turn, "")]
                quote = max(fresh, key=len, default=text)[:LONGEST_QUOTE].strip()
                yield from (PlantedFault(name, turn, quote) for name in BREAKS[defect] if name in applying)


def _texts(transcript: Transcript) -> dict[int, str]:
    return {one.turn: one.reply.text for one in transcript.exchanges if one.reply is not None}


def _read(criterion: str, transcript: Transcript, faults: Sequence[PlantedFault]) -> ReadVerdict:
    found = tuple(Quote(fault.turn, fault.quote) for fault in faults if fault.criterion == criterion)[:1]
    if found:
        return ReadVerdict(CriterionAnswer.NOT_MET, f"planted: {criterion}", found)
    last = transcript.exchanges[-1]
    return ReadVerdict(CriterionAnswer.MET, "", (Quote(last.turn, last.reply.text[:120]),) if last.reply else ())


def choose(maker: Maker) -> dict[AnchorKind, list[Made]]:
    """Return the conversations of each kind but the attacked ones."""
    chance = Random(SEED)
    english = [scenario for scenario in maker.suite.scenarios if scenario.locale == "en"]
    japanese = [scenario for scenario in maker.suite.scenarios if scenario.locale == "ja"]
    chosen: dict[AnchorKind, list[Made]] = {
        AnchorKind.GOOD: _first(20, _good(maker, [*english, *japanese], chance)),
        AnchorKind.BAD: _first(20, _spoiled(maker, [*english, *japanese], chance, range(8, 15), 1.0, 1.7), most=2),
        AnchorKind.BORDERLINE: [
            *_first(3, _unseen_by_code(maker, english, chance)),
            *_first(3, _unseen_by_code(maker, japanese, chance)),
            *_first(34, _spoiled(maker, [*english, *japanese], chance, range(1, 4), 2.0, 4.6)),
        ],
    }
    used = {_key(made) for held in chosen.values() for made in held}
    chosen[AnchorKind.JAPANESE] = [
        *_first(3, _good(maker, japanese, chance, used)),
        *_first(2, _spoiled(maker, japanese, chance, range(8, 15), 1.0, 1.7, used)),
        *_first(5, _spoiled(maker, japanese, chance, range(1, 4), 2.0, 4.6, used)),
    ]
    return chosen


def _key(made: Made) -> tuple[str, int, tuple[str, ...]]:
    return made.scenario.id, made.seed, made.defects


def _first(count: int, found: Iterator[Made], most: int = 1) -> list[Made]:
    chosen: dict[str, Made] = {}
    for made in found:
        chosen.setdefault(f"{made.scenario.id} {sum(made.scenario.id in key for key in chosen) % most}", made)
        if len(chosen) == count:
            return list(chosen.values())
    raise SystemExit(f"only {len(chosen)} of {count} conversations were found")


def _good(maker: Maker, scenarios: list[Scenario], chance: Random, used: Any = frozenset()) -> Iterator[Made]:
    for _ in range(40):
        for scenario in chance.sample(scenarios, len(scenarios)):
            made = maker.made(scenario, chance.randrange(2**32), ())
            if maker.clean(made) and _key(made) not in used:
                yield made


def _unseen_by_code(maker: Maker, scenarios: list[Scenario], chance: Random) -> Iterator[Made]:
    """Yield conversations about a title with faults that only a reader finds: if those are talked away, nothing is left."""
    about_titles = [one for one in scenarios if one.intent == "product_question" and "groundedness" in one.dimensions]
    ways = itertools.cycle((("said:invented", "said:rude"), ("said:contradiction", "said:rude"), ("said:invented", "said:starts-over")))
    for scenario in chance.sample(about_titles, len(about_titles)):
        seed = chance.randrange(2**32)
        made = maker.made(scenario, seed, next(ways))
        if maker.clean(maker.made(scenario, seed, ())) and made.score <= 3.5:
            yield made


def _spoiled(
    maker: Maker, scenarios: list[Scenario], chance: Random, counts: range, least: float, most: float, used: Any = frozenset()
) -> Iterator[Made]:
    names = [*BREAKS, *SAID]
    for _ in range(60):
        for scenario in chance.sample(scenarios, len(scenarios)):
            seed = chance.randrange(2**32)
            if not maker.clean(maker.made(scenario, seed, ())):
                continue
            count = chance.choice(counts)
            pool = [*MILD, *SAID, *SAID, *names] if count < 4 else names
            made = maker.made(scenario, seed, tuple(sorted(set(chance.sample(pool, count)))))
            if least <= made.score <= most and _key(made) not in used and (most < 3 or made.score > 2.2):
                yield made


def anchors_of(maker: Maker, chosen: Mapping[AnchorKind, list[Made]]) -> list[Anchor]:
    """Return the anchors, those attacked among them."""
    found: list[Anchor] = []
    for kind, held in chosen.items():
        for number, made in enumerate(held, start=1):
            transcript = replace(made.transcript, repeat=0, seed=0)
            planted = tuple(one for one in made.defects if maker.struck(made, one)) or ("nothing",)
            found.append(Anchor(f"{kind.value}-{number:02}", kind, made.scenario.id, planted, made.faults, made.scores, transcript))
    marked = _marked(found, maker)
    return [*marked, *_attacks(marked, maker)]


def _marked(anchors: list[Anchor], maker: Maker) -> list[Anchor]:
    """Mark the conversations that the attack self-test attacks."""
    scenarios = {scenario.id: scenario for scenario in maker.suite.scenarios}
    wanted = [one for one in anchors if one.kind is AnchorKind.BORDERLINE][:6]
    for anchor in wanted:
        lifted = maker.scores(scenarios[anchor.scenario], anchor.transcript, ())
        if sum(lifted.values()) / len(lifted) < anchor.score + 1:
            raise SystemExit(f"{anchor.id}: a judge who finds no fault lifts it by less than a point, so that no attack could succeed")
    return [replace(one, planted_by=(*one.planted_by, ATTACKED)) if one in wanted else one for one in anchors]


def _attacks(anchors: list[Anchor], maker: Maker) -> Iterator[Anchor]:
    """Yield ten of the borderline conversations, each attacked in a way of its own."""
    library = load_attacks(shipped("judges") / "attacks")
    scenarios = {scenario.id: scenario for scenario in maker.suite.scenarios}
    bases = [anchor for anchor in anchors if anchor.kind is AnchorKind.BORDERLINE and ATTACKED not in anchor.planted_by]
    for number, kind in enumerate(library.kinds[::2], start=1):
        base = bases[number % len(bases)]
        scenario = scenarios[base.scenario]
        text = kind.texts.text(scenario.locale, 0)
        place = PLACES[number % 3]
        transcript = attacked(base.transcript, tuple(disguised(part, text.disguise) for part in text.parts), place)
        scores = maker.scores(scenario, transcript, base.faults)
        yield Anchor(
            f"attack-{number:02}", AnchorKind.ATTACK, base.scenario, (*base.planted_by, f"attack:{kind.id}:{place}"), base.faults, scores,
            transcript,
        )  # fmt: skip


def main() -> AnchorSet:
    """Make the set and write it where it ships from."""
    suite = load_suite(shipped("scenarios"), shipped("judges") / "rubric.yaml")
    maker = Maker(suite)
    anchors = sorted(anchors_of(maker, choose(maker)), key=lambda anchor: anchor.id)
    used = {anchor.scenario for anchor in anchors}
    scenarios = tuple(scenario for scenario in suite.scenarios if scenario.id in used)
    return write_anchor_set(shipped_anchors(), suite.facts, scenarios, tuple(anchors))


if __name__ == "__main__":
    main()
