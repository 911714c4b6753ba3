"""MangaAssist in small: facts, sessions and defects behind one door, `Shop.answer`.

An answer is a function of the facts, the seed and the session's history: the same seed and messages give the same
bytes (`latency_ms` aside), whatever else the shop is asked meanwhile.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.demo.answers_titles import Desk
from harness.demo.defects import BY_NAME, Defect, Fault, checked_rates
from harness.demo.dialogue import answer
from harness.demo.draft import Chance, Draft, Say
from harness.demo.flaws import with_flaws
from harness.demo.intents import read
from harness.demo.memory import Memory, SessionStore
from harness.demo.mentions import Names
from harness.demo.moment import Moment
from harness.demo.retrieval import Library
from harness.demo.slots import Language
from harness.demo.wording import structured, text_of
from harness.facts import Facts
from harness.frozen import canonical_json

VERSION = "1.0.0"
FACT_FILES = ("catalogue", "policies", "orders", "promotions")
"""Names of the fact files that a shop needs."""
SLOW_S = 1.8
"""Delay of the slow tail, seconds: more than the 1.5 s within which the demo's target file wants a reply."""


@dataclass(frozen=True, slots=True)
class ShopPlan:
    """One shop to open: which fleet it plays, what it knows, and what is wrong with it."""

    colour: Literal["blue", "green"]
    facts: Path
    """Folder of the fact files."""
    defects: Mapping[str, float] = field(default_factory=dict)
    """Defect name → chance per opportunity, 0 to 1."""
    version: str = VERSION

    @property
    def build(self) -> str:
        """The build this shop states: 40 hexadecimal digits, of version, colour and defects."""
        told = {"version": self.version, "colour": self.colour, "defects": checked_rates(self.defects)}
        return hashlib.sha1(canonical_json(told), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """One user message as it came in."""

    session_id: str
    text: str
    locale: Language
    seed: int
    customer: str | None = None
    """Id of the signed-in customer."""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes out on the wire."""

    status: int
    body: Mapping[str, Any]
    build: str
    delay_s: float = 0.0
    """Wait before answering, seconds."""
    cut: bool = False
    """True when the connection closes in the middle of the body."""


class Shop:
    """One running shop; not shared between threads."""

    def __init__(self, plan: ShopPlan, facts: Facts) -> None:
        self.plan = plan
        self.build = plan.build
        self.sessions = SessionStore()
        self.turns = 0
        self._desk = Desk(facts, Names(facts), Library(facts))
        self._defects = tuple((BY_NAME[name], rate) for name, rate in checked_rates(plan.defects).items())
        self._other_build = hashlib.sha1(f"{self.build} other".encode(), usedforsecurity=False).hexdigest()

    def answer(self, message: Message) -> Response:
        """Answer one message and remember the session."""
        begun = time.perf_counter()
        self.turns += 1
        kept = self.sessions.recall(message.session_id)
        chance = Chance(message.seed, kept.turn + 1)
        struck = tuple(defect for defect, rate in self._defects if defect.strikes(chance, rate))
        draft, memory = self._drafted(message, kept, chance, struck)
        self.sessions.keep(message.session_id, memory)
        body = {
            "response_id": hashlib.blake2b(f"{message.seed}:{memory.turn}".encode(), digest_size=8).hexdigest(),
            "session_id": message.session_id,
            "text": text_of(draft, chance),
            **structured(draft),
            "build": self.build,
            "latency_ms": round((time.perf_counter() - begun) * 1000, 2),
        }
        return self._on_the_wire(body, draft, struck, memory.turn)

    def _drafted(self, message: Message, kept: Memory, chance: Chance, struck: tuple[Defect, ...]) -> tuple[Draft, Memory]:
        """Return the reply as a draft, spoiled by whatever struck, and the session after it."""
        memory = replace(kept, customer=message.customer or kept.customer)
        for defect in struck:
            memory = defect.recall(memory) if defect.recall else memory
        reading = read(message.text, self._desk.names, memory.language or message.locale)
        subject = f"{message.seed}:{message.customer}"
        draft, after = answer(self._desk, reading, memory, chance, subject)
        moment = Moment(self._desk, reading, memory, after, chance)
        draft = with_flaws(draft, chance, age_known=after.taste.age is not None)
        for defect in struck:
            draft = defect.redraft(moment, draft) if defect.redraft else draft
        return draft, after

    def _on_the_wire(self, body: dict[str, Any], draft: Draft, struck: tuple[Defect, ...], turn: int) -> Response:
        """Return the response, with the faults of the wire that struck."""
        faults: set[Fault] = {defect.fault for defect in struck if defect.fault}
        build = self._other_build if "other_build" in faults and turn % 2 == 0 else self.build
        body["build"] = build
        if "http_500" in faults:
            return Response(500, {"error": "internal server error", "build": build}, build)
        if "apology" in faults:
            sorry = Draft(draft.intent, (Say("apology"),), language=draft.language)
            body |= {"text": text_of(sorry, Chance(0, turn)), **structured(sorry)}
        slow = "slow" in faults and draft.intent in {"recommendation", "product_discovery"}
        return Response(200, body, build, delay_s=SLOW_S if slow else 0.0, cut="cut" in faults)

    def version(self) -> dict[str, str]:
        """Return what `/version` states."""
        return {"build": self.build, "colour": self.plan.colour, "version": self.plan.version}

    def metrics(self) -> dict[str, Any]:
        """Return counts: sessions remembered, turns answered since the start, turns of each session."""
        return {"conversations": len(self.sessions), "turns": self.turns, "sessions": self.sessions.turns()}

    def close(self) -> None:
        """Free the index."""
        self._desk.library.close()
