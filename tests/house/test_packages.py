"""Rooms are rooms: an `__init__.py` holds its docstring and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "harness"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_init_files_hold_only_a_docstring(path: Path) -> None:
    """No re-exports: they are how import cycles begin."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)


def test_rooms_fit_on_two_screens() -> None:
    """No file of the package is longer than 350 lines."""
    long = {path.name: count for path in PACKAGE.rglob("*.py") if (count := len(path.read_text(encoding="utf-8").splitlines())) > 350}
    assert long == {}
