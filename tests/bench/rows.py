"""What a bench prints: a figure, the goal that must hold, and the one beyond."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure; smaller is better."""

    what: str
    figure: float
    unit: str
    must: float | None
    """None: the figure is told, and holds nobody to anything."""
    moonshot: float | None = None
    beside: str = ""
    """What it is to be read beside, in words."""

    @property
    def held(self) -> bool:
        """True when what must hold does."""
        return self.must is None or self.figure <= self.must

    @property
    def state(self) -> str:
        """The row in one word."""
        if not self.held:
            return "MISSED"
        if self.moonshot is not None and self.figure <= self.moonshot:
            return "moon"
        return "told" if self.must is None else "held"

    def __str__(self) -> str:
        goals = ", ".join(f"{name} {goal:.4g}" for name, goal in (("must", self.must), ("moonshot", self.moonshot)) if goal is not None)
        return f"{self.state:6}  {self.figure:9.3f} {self.unit:4}  {f'({goals})' if goals else '':30}  {self.what}{'; ' * bool(self.beside)}{self.beside}"
