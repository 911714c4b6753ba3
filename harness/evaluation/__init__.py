"""Holding many conversations: one evaluated from first turn to judgement, and the schedule of all of them."""
