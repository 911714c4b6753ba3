"""A small suite on disk: two facts, a rubric of two dimensions, and whatever scenarios a test writes."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.scenarios.load import Suite, load_suite

FACTS = """
as_of: "2026-11-01"
titles:
  - id: naruto
    en: Naruto
    ja: ナルト
    romaji: Naruto
    author: {en: Masashi Kishimoto, ja: 岸本斉史}
    volumes: 72
    status: completed
    demographic: shonen
    age_rating: 13
    genres: [action]
    price_yen: 484
    stock: 12
    synopsis: {en: A ninja., ja: 忍者。}
"""
POLICIES = """
as_of: "2026-11-01"
passages:
  - {id: returns, topic: returns, title: {en: Returns, ja: 返品}, text: {en: Within 14 days., ja: 14日以内。}, terms: {return_days: 14}}
"""
RUBRIC = """
version: 1
dimensions:
  - id: groundedness
    title: Groundedness
    anchors: {5: all, 3: some, 1: none}
    criteria:
      - {id: catalogue_facts, question: Are all facts right?, critical: true, checked_by: both, check: {kind: facts}}
      - {id: right_title, question: Is it the right title?, checked_by: both, applies: when_listed}
      - {id: cites_source, question: Is a passage cited?, checked_by: code, applies: when_listed, check: {kind: cites}}
  - id: tone
    title: Tone
    anchors: {5: natural, 3: stiff, 1: rude}
    criteria:
      - {id: polite_form, question: Is the form polite?, checked_by: both, locales: [ja], check: {kind: matches, pattern: です}}
      - {id: empathy, question: Is there empathy?, checked_by: judge, applies: when_listed}
"""


def scenario(body: str = "", **changes: str) -> str:
    """Return one scenario as YAML; a change of `None` leaves the key out."""
    keys = {"id": "price", "title": "A price", "intent": "product_question", "locale": "en", "dimensions": "[groundedness]"} | changes
    keys = keys if "turns" in keys or body else keys | {"turns": "[{say: hello}]"}
    lines = [f"{key}: {value}" for key, value in keys.items() if value is not None]
    return "  - " + "\n    ".join([*lines, *body.strip("\n").splitlines()]) + "\n"


@dataclass(frozen=True)
class Workshop:
    """A suite's folder in the making."""

    root: Path

    def write(self, *scenarios: str, name: str = "a.yaml") -> Path:
        """Write scenarios (as YAML) to a file of the suite."""
        return self.write_text("scenarios:\n" + "".join(scenarios), name)

    def write_text(self, content: str, name: str = "a.yaml") -> Path:
        path = self.root / "suite" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def load(self, rubric: str = RUBRIC) -> Suite:
        (self.root / "rubric.yaml").write_text(rubric, encoding="utf-8")
        return load_suite(self.root / "suite", self.root / "rubric.yaml")

    def mistakes(self, rubric: str = RUBRIC) -> list[str]:
        """Load a suite that has mistakes, and return them without the folder."""
        with pytest.raises(SourceError) as raised:
            self.load(rubric)
        return str(raised.value).replace(f"{self.root}/", "").splitlines()


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A suite with facts and no scenarios yet."""
    made = Workshop(tmp_path)
    made.write_text(FACTS, "facts/catalogue.yaml")
    made.write_text(POLICIES, "facts/policies.yaml")
    made.write_text('as_of: "2026-11-01"\n', "facts/orders.yaml")
    return made


@pytest.fixture
def write_scenario() -> Callable[..., str]:
    """The YAML of one scenario, with changes."""
    return scenario


@pytest.fixture
def without_facts(workshop: Workshop) -> Workshop:
    """The same suite without any trusted facts."""
    shutil.rmtree(workshop.root / "suite" / "facts")
    return workshop
