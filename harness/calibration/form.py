"""The form in which a person rates sampled conversations: one HTML page that needs nothing but a browser.

The page loads nothing and sends nothing; its content security policy allows its own style and script, by their hashes, and
no more. What bots and customers said is data inside it: escaped so that no text ends the element that holds it, and turned
into text nodes by the script, never into markup. Signs that a reader would not see are spelt out. Arms, scores, builds and
scenario ids are not in the page, so that nobody who rates knows them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from pydantic import JsonValue

from harness.calibration.sample import SEATS, Sample, SampledConversation
from harness.conversations.transcript import Exchange, Transcript
from harness.errors import SettingsError
from harness.frozen import fingerprint
from harness.judging.material import MaterialRoom
from harness.judging.shown_text import shortened
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric

MAX_MESSAGE = 20_000
MAX_PAGE = 64 << 20
"""Bytes of a page that a browser still opens at once."""
_TITLES = {"catalogue": "Catalogue", "orders": "Orders", "policies": "Policies", "promotions": "Promotions", "session": "Session"}
_NAMES = ("names", "title", "number", "id")
_LABELS = {"price_yen": "price, yen", "age_rating": "age from", "next_release": "next volume on", "eta": "arrives on"}
_SAFE = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
"""None of these may stand in a script element as they are."""
_FILES = ("form.css", "form.js", "page.html")
_PLACE = re.compile(r"\{(policy|style|data|script)\}")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Controls, bidirectional signs, joiners, fillers, tags and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A drawn conversation as people will see it; personal data have to be out of it already."""

    drawn: SampledConversation
    scenario: Scenario
    transcript: Transcript


def form_page(sample: Sample, shown: Sequence[Shown], rubric: Rubric, room: MaterialRoom) -> str:
    """Return the page.

    Args:
        sample: what was drawn.
        shown: the drawn conversations.
        rubric: whose dimensions, questions and anchors people rate by.
        room: chooses the trusted facts that are shown beside a conversation, as for the judge.

    Raises:
        SettingsError: the page would be too large for a browser.
    """
    style, script, page = (resources.files(__package__).joinpath("form_page", name).read_text("utf-8") for name in _FILES)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_sha256(style)}'; script-src 'sha256-{_sha256(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(_data(sample, shown, rubric, room), ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_SAFE)
    parts = {"policy": policy, "style": style, "data": data, "script": script}
    filled = _PLACE.sub(lambda found: parts[found[1]], page)
    if len(filled.encode("utf-8")) > MAX_PAGE:
        raise SettingsError(f"the form would be larger than {MAX_PAGE >> 20} MB: these conversations are very long; draw fewer with --size")
    return filled


class _Entries:
    """Facts that many conversations share, each stored once."""

    def __init__(self) -> None:
        self.stored: list[JsonValue] = []
        self._places: dict[str, int] = {}

    def place(self, entry: JsonValue) -> int:
        """Return the number under which an entry stands."""
        key = json.dumps(entry)
        if key not in self._places:
            self._places[key] = len(self.stored)
            self.stored.append(entry)
        return self._places[key]


def _data(sample: Sample, shown: Sequence[Shown], rubric: Rubric, room: MaterialRoom) -> JsonValue:
    entries = _Entries()
    conversations: list[JsonValue] = [_conversation(one, rubric, room, entries) for one in sorted(shown, key=lambda one: one.drawn.item)]
    dimensions: dict[str, JsonValue] = {
        one.id: {"title": one.title, "anchors": {"5": one.anchors.five, "3": one.anchors.three, "1": one.anchors.one}}
        for one in rubric.dimensions
    }
    return {
        "sample": fingerprint([one.item for one in sample.drawn]),
        "seats": list(SEATS),
        "dimensions": dimensions,
        "conversations": conversations,
        "entries": entries.stored,
    }


def _conversation(one: Shown, rubric: Rubric, room: MaterialRoom, entries: _Entries) -> JsonValue:
    material = room.material(one.scenario, one.transcript, about_facts=True)
    recorded = {entry["turn"]: entry for entry in material.recorded if isinstance(entry, dict)}
    trusted: list[JsonValue] = []
    for key, title in _TITLES.items():
        found = material.trusted.get(key)
        rows = found if isinstance(found, list) else [found] if found else []
        if rows:
            trusted.append([title, [entries.place(_entry(row)) for row in rows if isinstance(row, dict)]])
    return {
        "item": one.drawn.item,
        "language": one.drawn.language,
        "seats": list(one.drawn.seats),
        "goal": spelt_out(one.scenario.title),
        "dimensions": [{"id": name, "questions": list(_questions(name, one.scenario, rubric))} for name in one.drawn.scores],
        "turns": [_turn(exchange, recorded.get(exchange.turn), entries) for exchange in one.transcript.exchanges],
        "trusted": trusted,
    }


def _turn(exchange: Exchange, recorded: JsonValue, entries: _Entries) -> JsonValue:
    shown: list[JsonValue] = []
    for key, found in recorded.items() if isinstance(recorded, dict) else ():
        listed = found if isinstance(found, list) else []
        shown += [entries.place(_entry({"title": key, **item})) for item in listed if isinstance(item, dict)]
        if plain := [_written(item) for item in listed if not isinstance(item, dict)]:
            shown.append(entries.place({"name": spelt_out(key), "rows": [["", ", ".join(plain)]]}))
    return {
        "turn": exchange.turn,
        "user": spelt_out(shortened(exchange.sent, MAX_MESSAGE)),
        "bot": spelt_out(shortened(exchange.reply.text, MAX_MESSAGE)) if exchange.reply is not None else None,
        "failure": spelt_out(shortened(exchange.failure.detail, MAX_MESSAGE)) if exchange.failure is not None else None,
        "recorded": shown,
    }


def _questions(dimension: str, scenario: Scenario, rubric: Rubric) -> Iterator[JsonValue]:
    """Yield the questions of a dimension that apply to a scenario, and whether they are critical."""
    for item in rubric.criteria_of(scenario):
        if rubric.dimension_of[item.id] == dimension:
            yield [item.question, item.critical]
    for own in scenario.own_criteria:
        if own.dimension == dimension:
            yield [spelt_out(own.question), False]


def _entry(row: Mapping[str, JsonValue]) -> JsonValue:
    """Return a fact as a heading with rows of name and value; what is empty is left out."""
    heading = next((name for name in _NAMES if row.get(name)), None)
    named = ((_LABELS.get(name, name.replace("_", " ")), _written(value)) for name, value in row.items() if name != heading)
    rows: list[JsonValue] = [[name, text] for name, text in named if text]
    return {"name": _written(row[heading]) if heading else "", "rows": rows}


def _written(value: JsonValue) -> str:
    """Return a value as people write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_written(item)}" for name, item in value.items())
    if isinstance(value, list):
        return (" / " if all(isinstance(item, str) for item in value) else "\n").join(_written(item) for item in value)
    return spelt_out(str(value))


def spelt_out(text: str) -> str:
    """Return a text in which every sign that a reader would not see stands as its code, such as ⟨U+202E⟩.

    Line breaks and tabs stay, and so does what joins the parts of one picture sign.
    """
    return "".join(_sign(text, place) for place in range(len(text))) if _HIDDEN.search(text) else text


def _sign(text: str, place: int) -> str:
    sign = text[place]
    if not _HIDDEN.match(sign):
        return sign
    before = text[place - 1] if place else ""
    joins = sign in "\u200d\ufe0f" and bool(before) and (before == "\ufe0f" or unicodedata.category(before) in {"So", "Sk"})
    return sign if joins else f"⟨U+{ord(sign):04X}⟩"


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
