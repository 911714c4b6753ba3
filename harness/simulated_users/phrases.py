"""What any customer may say: urging, and not knowing. Committed, so that a simulated conversation can be held again."""

from __future__ import annotations

from harness.frozen import fingerprint
from harness.scenarios.agenda import Wordings

URGES = Wordings(
    en=(
        "That does not answer my question yet. Could you look again?",
        "I am still waiting for what I asked for.",
        "Please, I would like a straight answer.",
        "This is taking rather long. Can you do it or not?",
        "I asked you for something else, really.",
        "Could we get to the point, please?",
    ),
    ja=(
        "まだ質問の答えになっていません。もう一度見てもらえますか。",
        "お願いしたことの答えを待っています。",
        "はっきり答えてください。",
        "ずいぶん時間がかかっていますね。できるのですか、できないのですか。",
        "聞きたいのは別のことです。",
        "要点を教えてください。",
    ),
)
DOES_NOT_KNOW = Wordings(
    en=("I do not have that at hand. Can you go on without it?", "I really cannot tell you that."),
    ja=("それは手元にありません。なしで進められますか。", "それは本当に分からないのです。"),
)
PHRASES = fingerprint([URGES, DOES_NOT_KNOW])
