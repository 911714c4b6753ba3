"""Values that must never be written anywhere, and how they are taken out of whatever comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

MIN_SECRET = 6
"""Characters that a secret needs: shorter ones cannot be taken out of what comes back without hitting innocent text."""
LEARNT = 64
"""Secrets learnt while a run goes on (tokens of log-ins) that are remembered, the newest ones."""
CONCEALED = "[secret]"


class Secrets:
    """Values that must never be written anywhere; not even its own text shows them.

    Args:
        values: name → secret, of the environment.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.__given = tuple(value for value in values.values() if value)
        self.__learnt: tuple[str, ...] = ()
        self.__texts, self.__bytes = _forms(self.__given)

    def __repr__(self) -> str:
        return f"Secrets({len(self.__bytes)} hidden)"

    def learn(self, *values: str) -> None:
        """Conceal these from now on too; what is shorter than `MIN_SECRET` cannot be told from innocent text."""
        new = tuple(value for value in values if len(value) >= MIN_SECRET and value not in self.__given and value not in self.__learnt)
        if new:
            self.__learnt = (*self.__learnt, *new)[-LEARNT:]
            self.__texts, self.__bytes = _forms((*self.__given, *self.__learnt))

    def conceal_text(self, text: str) -> str:
        """Return a text with every secret replaced by `[secret]`."""
        for form in self.__texts:
            if form in text:
                text = text.replace(form, CONCEALED)
        return text

    def conceal(self, data: bytes) -> bytes:
        """Return bytes from the wire with every secret replaced by `[secret]`."""
        for form in self.__bytes:
            if form in data:
                data = data.replace(form, CONCEALED.encode())
        return data


def _forms(values: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """Return each secret, the longest first, as it is and as JSON and URLs write it."""
    longest_first = sorted(set(values), key=len, reverse=True)
    texts = tuple(dict.fromkeys(form for value in longest_first for form in (value, json.dumps(value)[1:-1], quote(value, safe=""))))
    return texts, tuple(text.encode("utf-8") for text in texts)
