"""A record of the anchors as an honest judge without noise would have made it, without asking anybody a thousand times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.anchors.reading import Reading
from harness.anchors.record import AnchorRecord, AnchorStore
from harness.assembly.judges import open_judge
from harness.scenarios.load import Suite
from harness.settings import Settings
from tests.fakes.anchor_judges import RUBRIC_FILE, shipped_rubric, shipped_set
from tests.fakes.messages_api.api import KEY


def judge_fingerprint() -> str:
    """Return the fingerprint of `--judge anthropic` with everything else by default."""
    suite = Suite((), shipped_set().facts, shipped_rubric(), Path(), "none")
    settings = Settings(judge="anthropic", rubric=RUBRIC_FILE, cache=Path(".harness/answers.sqlite"))
    return open_judge(settings, suite, {"ANTHROPIC_API_KEY": KEY}).identity.fingerprint


def keep_planted(folder: Path, times: int = 5) -> str:
    """Store planted scores as the record of the default judge, and return its fingerprint."""
    fingerprint = judge_fingerprint()
    readings = {
        anchor.id: (Reading(scores=dict(anchor.scores), met={fault.criterion: False for fault in anchor.faults}),) * times
        for anchor in shipped_set().anchors
    }
    AnchorStore(folder).keep_record(
        AnchorRecord(
            judge="claude-sonnet-5-5",
            fingerprint=fingerprint,
            anchors=shipped_set().fingerprint,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            readings=readings,
        )
    )
    return fingerprint
