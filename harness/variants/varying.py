"""Who says a conversation in a variant of its wording: another speaker's lines, rewritten."""

from __future__ import annotations

from collections.abc import Container, Sequence
from random import Random

from harness.conversations.simulation import AS_WRITTEN, Simulation, Variant
from harness.conversations.speaker import Line, Speaker
from harness.conversations.transcript import EndReason
from harness.expectations.known import KnownNames
from harness.scenarios.model import VariantKind
from harness.targets.protocol import Reply
from harness.variants.rewriting import rewritten
from harness.variants.tables import Tables


def drawn_variant(kinds: Sequence[VariantKind], seed: int) -> VariantKind | None:
    """Return the variant of a conversation, None for the wording as written: each as likely as any other."""
    return Random(f"{seed}/variant").choice((None, *sorted(kinds)))


class VaryingSpeaker:
    """Says what another speaker says, in a variant.

    Args:
        speaker: whose lines are said.
        kind: of the variant; None says them as written, and notes that.
        seed: of the conversation.
        names: titles and authors.
        tables: interchangeable wordings.
        fixed: turns that are said as written, because they hold what replies gave.
    """

    def __init__(
        self, speaker: Speaker, kind: VariantKind | None, seed: int, names: KnownNames, tables: Tables, fixed: Container[int] = ()
    ) -> None:
        self._speaker = speaker
        self._kind = kind
        self._seed = seed
        self._names = names
        self._tables = tables
        self._fixed = fixed
        self._changed: list[int] = []

    @property
    def simulation(self) -> Simulation | None:
        """That of the speaker whose lines are said."""
        return self._speaker.simulation

    @property
    def variant(self) -> Variant | None:
        """The variant, and what it changed so far."""
        return Variant(self._kind or AS_WRITTEN, self._seed, tuple(self._changed))

    async def say(self, turn: int) -> Line | EndReason:
        """Return the line of a turn in its variant."""
        line = await self._speaker.say(turn)
        if isinstance(line, EndReason) or self._kind is None or turn in self._fixed:
            return line
        chance = Random(f"{self._seed}/variant/{turn}")
        text = rewritten(line.text, self._kind, chance, self._names, self._tables)
        if text != line.text:
            self._changed.append(turn)
        return Line(text, line.timeout_s)

    def hear(self, turn: int, reply: Reply) -> None:
        """Pass the reply on."""
        self._speaker.hear(turn, reply)
