r"""The report as one JSON document, for programs; its schema is `report.schema.json` beside this file.

Numbers that do not exist are null (JSON has no NaN and no infinity). The document is ASCII: everything else is written as
`\uXXXX`, so that no terminal, CI log or encoding can be hurt by what a bot said, and every parser still reads the words.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

from harness.gates.verdict import Verdict
from harness.reports.escape import json_text
from harness.reports.report import Report
from harness.reports.rows import ScenarioRow
from harness.reports.spending import spending_data
from harness.reports.summary import RunSummary
from harness.reports.terms import changed_data, trusted_data
from harness.reports.users import users_data

SCHEMA_VERSION = 1
TEXT_LIMIT = 4000
"""Characters of one quoted text."""
_OWN_KEYS = frozenset({"decision", "reasons", "cautions", "policy", "evidence", "allowed"})
_RENAMED = {"policy": "policy_kind"}
"""Figures whose name the document needs for something else."""


def document(report: Report) -> str:
    """Draw a report as one JSON document, without a newline at its end."""
    return json_document(data(report))


def json_document(content: Mapping[str, Any]) -> str:
    """Draw any data as one JSON document under the rules above, without a newline at its end."""
    return json_text(json.dumps(_plain(content), ensure_ascii=True, allow_nan=False, indent=2))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    text = resources.files("harness.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def data(report: Report) -> dict[str, Any]:
    """Return a report as JSON data."""
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "exit_code": report.exit_code,
        "enforced_exit_code": report.enforced_exit_code,
        "mode": report.mode,
        "gates": {verdict.gate: _gate(verdict) for verdict in report.verdicts},
        "run": None if report.run is None else _run(report.run),
        "baseline": None if report.baseline is None else dataclasses.asdict(report.baseline),
        "regressions": [row.id for row in report.regressions],
        "scenarios": [_scenario(row) for row in report.rows],
        "unpaired": dataclasses.asdict(report.unpaired),
        "cautions": list(report.cautions),
        "next_steps": list(report.next_steps),
    }
    if report.users is not None:
        found["users"] = users_data(report.users)
    if report.spending is not None:
        found["spending"] = spending_data(report.spending)
    if report.changed is not None:
        found["changed_terms"] = changed_data(report.changed)
    if report.trusted is not None:
        found["trusted"] = trusted_data(report.trusted)
    if report.error is not None:
        found["error"] = report.error
    return found


def _run(run: RunSummary) -> dict[str, Any]:
    found = dataclasses.asdict(run)
    if run.limit is None:
        del found["limit"]
    return found


def _gate(verdict: Verdict) -> dict[str, Any]:
    named = {_RENAMED.get(str(key), str(key)): value for key, value in verdict.figures.items()}
    figures = {key: value for key, value in named.items() if key not in _OWN_KEYS}
    return {
        "decision": verdict.decision.value,
        "reasons": [dataclasses.asdict(reason) for reason in verdict.reasons],
        "cautions": list(verdict.cautions),
        "policy": verdict.policy,
        "evidence": verdict.evidence,
        "allowed": verdict.allowed,
        **figures,
    }


def _scenario(row: ScenarioRow) -> dict[str, Any]:
    found = dataclasses.asdict(row)
    found["class"] = found.pop("klass")
    if row.worst is not None and row.worst.trace_url is None:
        del found["worst"]["trace_url"]
    return found


def _plain(value: Any) -> Any:
    """Return JSON data: numbers of numpy as Python's, no NaN or infinity, no lone surrogate, no endless text."""
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, str):
        whole = value if len(value) <= TEXT_LIMIT else value[: TEXT_LIMIT - 1] + "…"
        return whole.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        return _plain(value.item())
    number = float(value)
    return number if math.isfinite(number) else None
