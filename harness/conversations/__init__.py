"""Conversations as they happen: who speaks next, and the transcript of what came.

Refuses to judge: a failed turn is written down, not scored.
"""
