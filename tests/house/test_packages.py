"""Rooms are rooms: an `__init__.py` holds its docstring and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "harness"


def test_init_files_hold_only_a_docstring() -> None:
    """No re-exports: they are how import cycles begin."""
    found = {path.parent.name: ast.parse(path.read_text(encoding="utf-8")).body for path in PACKAGE.rglob("__init__.py")}
    assert len(found) > 10
    assert {name for name, body in found.items() if [type(part) for part in body] != [ast.Expr]} == set()


def test_rooms_fit_on_two_screens() -> None:
    """No file of the package is longer than 350 lines."""
    long = {path.name: count for path in PACKAGE.rglob("*.py") if (count := len(path.read_text(encoding="utf-8").splitlines())) > 350}
    assert long == {}
