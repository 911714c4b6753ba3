"""Scoring of conversations by a judge: the Protocol, score mapping, and the rules-only judge.

Refuses to turn trouble into a score: only an outcome `rated` carries numbers.
"""
