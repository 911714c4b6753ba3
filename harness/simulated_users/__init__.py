"""Simulated users: who plays the user where a scenario says what they want and not what they say, and how far they are trusted.

Two players share one agenda (`agenda`: slots told, milestones reached, patience): `GoalSlotSpeaker`, deterministic and
without a key, after the agenda-based user of Schatzmann et al. 2007; and `ModelSpeaker`, played by Claude through the door
of `language_model`, as tau-bench's users are (Yao et al. 2024, arXiv:2406.12045). Both begin with a committed opening, draw
their temperament from the conversation's seed, and stop when the goal is reached, when patience ends, or at the turn cap.

What a player says is not trusted. Audits of tau-bench found up to 30 % of the "agent failures" to be the simulator's, and a
stop rule that moved pass^1 from 63 to 79 %. So: code decides whether the goal is reached (`agenda`), and every line is held
against a contract (`contract`) before it is sent. A breach spoils the conversation, which is held again with other draws:
it is our own trouble, journalled and counted, never charged to the bot; beyond a quota the run is INVALID.

Statistics. Repeats of a simulated scenario spread more than those of a script, since they differ in more than the bot's own
chance; the plan pays for that with more repeats, and nothing else changes. Who plays, its prompt and its tables are in the
scenario's fingerprint (`identity`), and the seed of every repeat is drawn alike for both arms, so that users of both arms come
from one distribution and paired differences by scenario stay unbiased. What would bias them is replacing in one arm what is
kept in the other: hence the quota, and the count by scenario in every report. Scripts stay what gates decide on: a simulated
scenario decides only where it says `gates: true`.
"""
