"""Scoring of conversations by a judge: the Protocol, score mapping, the rules-only judge, and the judge that asks Claude.

`evidence` is what of its word code lets stand, `steering` what is done about text that speaks to whoever grades.
Refuses to turn trouble into a score: only an outcome `rated` carries numbers.
"""
